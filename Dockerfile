# One image, for the web, the worker and the commands: `docker run IMAGE COMMAND`.

FROM python:3.12-slim-bookworm AS build
COPY requirements/run.txt /tmp/run.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        --only-binary :all: --requirement /tmp/run.txt

FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 retours \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /srv --shell /usr/sbin/nologin \
        retours \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv
COPY alembic.ini ./
COPY migrations ./migrations
COPY app ./app
RUN /opt/venv/bin/python -m compileall -q app migrations
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    APP_ENV=production \
    APP_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
# The name is one that APP_TRUSTED_HOSTS allows. A worker has nothing to ask: see compose.yaml.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import Request, urlopen; host = (os.environ.get('APP_TRUSTED_HOSTS') or 'localhost').split(',')[0].strip(); urlopen(Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
