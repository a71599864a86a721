# Two images, both with the binary at /usr/local/bin/config-manager:
#
#   docker build --build-arg COMMIT="$(git describe --always --dirty)" -t openclaw-config-manager .
#     the OpenClaw image with the binary in it; user, entrypoint and all else of it stay
#   docker build --build-arg COMMIT="$(git describe --always --dirty)" --target sidecar -t config-manager .
#     the binary alone, on glibc: for a sidecar beside an OpenClaw image that is left as it is
#
# `buildah build` takes the same arguments.

# All bases are named by digest where one is known. To renew one, ask the registry which digest the tag has now:
#
#   docker buildx imagetools inspect gcr.io/distroless/base-nossl-debian12:nonroot
#
# No registry was at hand when these two were written down: they are what several public repositories pin.
ARG BUILD_IMAGE=node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ARG GLIBC_IMAGE=gcr.io/distroless/base-nossl-debian12:nonroot@sha256:be40c00dfabd86576d92666e87e406714d5618342de1a0c213ad232de255172e
# A tag that is used once, by its date. Name yours with its digest: --build-arg OPENCLAW_IMAGE=…@sha256:…
ARG OPENCLAW_IMAGE=ghcr.io/boxp/arch/openclaw:202602130742

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# First, and alone: it is done again only where the packages have changed.
COPY package.json package-lock.json ./
# What the binary consists of, Bun included, as package-lock.json pins it. No package runs a script, but for Bun: build.sh
# has it put its program in place. For a registry of your own: --secret id=npmrc,src=$HOME/.npmrc, which no layer keeps.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm install --omit=dev --ignore-scripts --no-save --no-audit --no-fund
COPY build.sh manager.ts tsconfig.json LICENSE ./
COPY lib lib
ARG COMMIT=unknown
RUN CONFIG_MANAGER_COMMIT="$COMMIT" ./build.sh && mkdir doc && cp LICENSE doc/ && dist/config-manager licenses > doc/licenses.txt

FROM ${GLIBC_IMAGE} AS sidecar
COPY --from=build /src/dist/config-manager /usr/local/bin/config-manager
COPY --from=build /src/doc /usr/share/doc/config-manager
# The working directory of the base is the home of its user, which no other may enter.
WORKDIR /
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/config-manager"]
ARG COMMIT=unknown
# Where these sources are: --build-arg SOURCE=https://…
ARG SOURCE=
# The license is config-manager's own; for those of all that is compiled in, see /usr/share/doc/config-manager.
LABEL org.opencontainers.image.title="config-manager" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.revision="$COMMIT" \
  org.opencontainers.image.source="$SOURCE"

# Last, so that it is what is built where no target is named. Its labels stay those of OpenClaw's image.
FROM ${OPENCLAW_IMAGE} AS openclaw
COPY --from=build /src/dist/config-manager /usr/local/bin/config-manager
COPY --from=build /src/doc /usr/share/doc/config-manager
