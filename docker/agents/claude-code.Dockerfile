# Tutti with Claude Code.
#   docker build -f docker/agents/claude-code.Dockerfile -t tutti-claude-code .
ARG TUTTI=tutti:latest
FROM ${TUTTI}
USER root
RUN npm install --global --omit=dev @agentclientprotocol/claude-agent-acp && npm cache clean --force
USER tutti
ENV AGENT=claude-code
