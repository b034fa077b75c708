export * from "./certificates/certificate-pairs.ts";
export * from "./certificates/certificate-layers.ts";
export * from "./certificates/certificate-shelf.ts";
export {
  readCertificate,
  SERVER_TLS,
  type Certificate,
  type CertificatePem,
} from "./certificates/certificate.ts";
export * from "./certificates/certificates.ts";
export * from "./clock.ts";
export * from "./cidr-list.ts";
export * from "./trusted-proxies.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./retry.ts";
export * from "./guard.ts";
export { GuardMetrics } from "./guard-events.ts";
export * from "./guard-operations.ts";
export * from "./guard-classify.ts";
export * from "./dial.ts";
export * from "./proxy.ts";
export * from "./public-address.ts";
export * from "./websocket.ts";
export * from "./websocket-dial.ts";
export * from "./config/environment.ts";
export * from "./config/file.ts";
export * from "./config/flags.ts";
export * from "./config/help.ts";
export * from "./config/load.ts";
export * from "./config/nearest.ts";
export * from "./config/option.ts";
export * from "./config/secret.ts";
export * from "./config/toml.ts";
export * from "./config/values.ts";
export * from "./exit.ts";
export * from "./folder.ts";
export * from "./inherited-sockets.ts";
export * from "./listen.ts";
export * from "./lock.ts";
export * from "./run.ts";
export * from "./shared-reads.ts";
export * from "./small-server.ts";
export * from "./unpinned.ts";
export * from "./until-closed.ts";
export * from "./state-file.ts";
export * from "./latin1.ts";
export * from "./node-world.ts";
