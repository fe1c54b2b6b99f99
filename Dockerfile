# Tutti with git and its sandbox. Coding agents are programs of their own: docker/agents/ adds one to this image.
FROM node:24-bookworm-slim AS packages
WORKDIR /tutti
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:24-bookworm-slim
# git does the work; bubblewrap, socat and prlimit (util-linux) are the sandbox; ripgrep is what agents search with.
RUN apt-get update \
  && apt-get install -y --no-install-recommends git ca-certificates bubblewrap socat ripgrep \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home --uid 10001 tutti \
  && install -d -o tutti -g tutti /data
WORKDIR /tutti
COPY --from=packages /tutti/node_modules node_modules
COPY package.json app.yml ./
COPY drizzle drizzle
COPY src src
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
USER tutti
VOLUME /data
EXPOSE 3000
# Its own process 1 would not collect the processes that agents leave: run it with an init (compose.yml: `init: true`).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/tutti.js"]
CMD ["serve"]
