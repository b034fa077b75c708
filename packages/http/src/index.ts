// The door of this room: what other rooms may import.
export * from "./authority.ts";
export * from "./body.ts";
export { MAX_EXTENSION_BYTES, MAX_TRAILER_BYTES } from "./chunked.ts";
export * from "./client-hello.ts";
export { MAX_FIELDS } from "./field-lines.ts";
export * from "./fields.ts";
export * from "./forwarding.ts";
export type { Framing } from "./framing.ts";
export * from "./head-end.ts";
export * from "./head-source.ts";
export * from "./head-writing.ts";
export { endToEnd, endToEndLines } from "./hop-by-hop.ts";
export { http2Fields, readHttp2Trailers } from "./http2-fields.ts";
export * from "./http2-heads.ts";
export { ipBytes, ipText } from "./ip.ts";
export { isKnownMethod } from "./method.ts";
export * from "./path.ts";
export {
  type Endpoint,
  MAX_PROXY_HEADER_BYTES,
  type ProxyHeader,
  readProxyHeader,
} from "./proxy-protocol.ts";
export * from "./proxy-writing.ts";
export * from "./refusal.ts";
export * from "./request-head.ts";
export * from "./response-head.ts";
export { parseTrailers } from "./trailers.ts";
export * from "./websocket-frames.ts";
