# Tutti with OpenCode.
#   docker build -f docker/agents/opencode.Dockerfile -t tutti-opencode .
ARG TUTTI=tutti:latest
FROM ${TUTTI}
USER root
RUN npm install --global --omit=dev opencode-ai && npm cache clean --force
USER tutti
ENV AGENT=opencode
