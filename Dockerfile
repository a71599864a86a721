# Two images, both with the binary at /usr/local/bin/config-manager:
#
#   docker build --build-arg COMMIT="$(git describe --always --dirty)" -t openclaw-config-manager .
#     the OpenClaw image with the binary in it; user, entrypoint and all else of it stay
#   docker build --build-arg COMMIT="$(git describe --always --dirty)" --target sidecar -t config-manager .
#     the binary alone, on glibc: for a sidecar beside an OpenClaw image that is left as it is
#
# `buildah build` takes the same arguments.

# Bun is pinned by package-lock.json, like everything else.
ARG BUILD_IMAGE=node:24.21.0-bookworm-slim
ARG OPENCLAW_IMAGE=ghcr.io/boxp/arch/openclaw:202602130742
# It has no tags with versions: name a digest here to pin it.
ARG GLIBC_IMAGE=gcr.io/distroless/base-nossl-debian12:latest

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# First, and alone: it is done again only where the packages have changed.
COPY package.json package-lock.json ./
RUN npm install --no-save --no-audit --no-fund
COPY build.sh manager.ts tsconfig.json ./
COPY lib lib
ARG COMMIT=unknown
RUN CONFIG_MANAGER_COMMIT="$COMMIT" ./build.sh

FROM ${GLIBC_IMAGE} AS sidecar
COPY --from=build /src/dist/config-manager /usr/local/bin/config-manager
# The working directory of a base with the tag nonroot is the home of its user, which no other may enter.
WORKDIR /
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/config-manager"]

# Last, so that it is what is built where no target is named.
FROM ${OPENCLAW_IMAGE} AS openclaw
COPY --from=build /src/dist/config-manager /usr/local/bin/config-manager
