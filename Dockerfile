# The OpenClaw image with config-manager in it. User, entrypoint and everything else of the base stay.
#
#   docker build --build-arg COMMIT="$(git describe --always --dirty)" -t openclaw-config-manager .

ARG OPENCLAW_IMAGE=ghcr.io/boxp/arch/openclaw:202602130742

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm install --no-save --no-audit --no-fund
COPY . .
ARG COMMIT=unknown
RUN CONFIG_MANAGER_COMMIT="$COMMIT" ./build.sh

FROM ${OPENCLAW_IMAGE}
COPY --from=build /src/dist/config-manager /usr/local/bin/config-manager
