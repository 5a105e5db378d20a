# syntax=docker/dockerfile:1

FROM python:3.13-slim AS libraries
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /app/.venv \
 && /app/.venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements.lock

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /app atelier \
 && install -d -o atelier -g atelier /data
WORKDIR /app
COPY --from=libraries /app/.venv /app/.venv
COPY bot ./bot
COPY cogs ./cogs
# Compiled here, because at run time the root file system may be read-only.
RUN /app/.venv/bin/python -m compileall -q bot cogs
COPY LICENSE ./

ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8081 \
    LOG_FORMAT=json
USER atelier
VOLUME /data
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['HTTP_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
