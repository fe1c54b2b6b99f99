# Tutti with Gemini CLI.
#   docker build -f docker/agents/gemini.Dockerfile -t tutti-gemini .
ARG TUTTI=tutti:latest
FROM ${TUTTI}
USER root
RUN npm install --global --omit=dev @google/gemini-cli && npm cache clean --force
USER tutti
ENV AGENT=gemini
