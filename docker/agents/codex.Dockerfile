# Tutti with Codex.
#   docker build -f docker/agents/codex.Dockerfile -t tutti-codex .
ARG TUTTI=tutti:latest
FROM ${TUTTI}
USER root
RUN npm install --global --omit=dev @agentclientprotocol/codex-acp && npm cache clean --force
USER tutti
ENV AGENT=codex
