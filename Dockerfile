# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The cache mounts keep DuckDB's half hour of compiling from build to build.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/agnes /agnes

FROM debian:bookworm-slim
ARG AGNES_VERSION=
ARG RELEASE_CHANNEL=dev
ARG AGNES_COMMIT_SHA=unknown
ARG AGNES_TAG=unknown
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 999 agnes \
    && useradd --system --uid 999 --gid 999 --home-dir /app --create-home agnes \
    && install -d -o agnes -g agnes /data
COPY --from=build /agnes /usr/local/bin/agnes
# An empty AGNES_VERSION counts as unset: the binary then tells its own.
ENV DATA_DIR=/data \
    AGNES_VERSION=$AGNES_VERSION \
    RELEASE_CHANNEL=$RELEASE_CHANNEL \
    AGNES_COMMIT_SHA=$AGNES_COMMIT_SHA \
    AGNES_TAG=$AGNES_TAG
USER 999:999
# CONFIG_DIR is ./config, that is /app/config.
WORKDIR /app
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["agnes", "serve", "--check"]
ENTRYPOINT ["agnes"]
CMD ["serve"]
