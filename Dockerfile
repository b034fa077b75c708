# syntax=docker/dockerfile:1
# One image for every command of warren: docker build -t warren . && docker run --rm warren --help
# The same Node as `npm ci` brings (package.json, optionalDependencies). Pin its digest too where you publish:
#   --build-arg NODE_IMAGE=node:26.10.0-trixie-slim@sha256:...
ARG NODE_IMAGE=node:26.10.0-trixie-slim

# No --platform=$BUILDPLATFORM, which builders without BuildKit refuse: docs/decisions/0473-every-builder-builds-the-image.md
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.browser.json ./
COPY packages packages
COPY deployments/image deployments/image
# It also builds what browsers are given (the script `prepare`).
RUN npm ci --no-audit --no-fund
RUN npm run bundle -- /app
RUN npm run --silent sbom -- cyclonedx /app > /app/sbom.cdx.json

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="warren" \
      org.opencontainers.image.description="Private clusters made reachable, over tunnels that are never cut." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing in it installs packages. /data is where state goes: mount a volume there to keep it. The rest is never
# written: `--read-only --tmpfs /tmp` (readOnlyRootFilesystem) works. `warren` is for `exec` into what runs.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
    && install -d -o 65532 -g 65532 -m 0750 /data \
    && ln -s /app/warren.mjs /usr/local/bin/warren
COPY --from=build /app /app
ENV NODE_ENV=production WARREN_DATA=/data
WORKDIR /data
USER 65532:65532
# HTTP, TLS, and probes with metrics of a gateway.
EXPOSE 8080 8443 9090
STOPSIGNAL SIGTERM
# Probes are the platform's (docs/kubernetes.md): there is no HEALTHCHECK, which would name one command's port.
ENTRYPOINT ["node", "/app/warren.mjs"]
CMD ["--help"]
