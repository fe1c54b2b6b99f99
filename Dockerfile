# Tutti with git. Coding agents are programs of their own: add the ones you use in an image built on this one.
FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends git ca-certificates bubblewrap socat ripgrep procps \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /tutti
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY app.yml ./
COPY drizzle drizzle
COPY src src
ENV HOST=0.0.0.0 DATA_DIR=/data
RUN useradd --create-home tutti && mkdir /data && chown tutti /data
USER tutti
VOLUME /data
EXPOSE 3000
CMD ["node", "src/tutti.js", "serve"]
