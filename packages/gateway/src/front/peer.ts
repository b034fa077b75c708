import type { Socket } from "node:net";
import type { TrustedProxies } from "@warren/host";
import { fieldOf, Forwarding, type ProxyHeader, type RequestHead } from "@warren/http";
import type { ClientAddress } from "../ports.ts";

const SECURE: ReadonlySet<string> = new Set(["https", "wss"]);

/** The other end of a client's connection. Shared by its requests. */
export class Peer {
  readonly address: ClientAddress;
  /** TLS was terminated here. */
  readonly secure: boolean;
  /** SNI, for 421. */
  readonly serverName: string | undefined;
  readonly #trusted: TrustedProxies | undefined;
  readonly #forwarding: Forwarding;

  constructor(
    address: ClientAddress,
    tls: { serverName: string | undefined } | undefined,
    proxies: TrustedProxies,
  ) {
    this.address = address;
    this.secure = tls !== undefined;
    this.serverName = tls?.serverName;
    const trusted = proxies.trusts(address.address);
    this.#trusted = trusted ? proxies : undefined;
    const proto = this.secure ? "https" : "http";
    this.#forwarding = new Forwarding({ address: address.address, proto, trusted });
  }

  /** Who sent a request: the peer, or whom a trusted peer speaks for. */
  clientOf(head: RequestHead): ClientAddress {
    if (this.#trusted === undefined) return this.address;
    const address = this.#trusted.client(
      this.address.address,
      joinedField(head, "x-forwarded-for"),
    );
    return address === this.address.address ? this.address : { ...this.address, address, port: 0 };
  }

  /** The request left its client encrypted. */
  isSecure(head: RequestHead): boolean {
    if (this.secure || this.#trusted === undefined) return this.secure;
    // Of several proxies the first said how the client came. Some call a WebSocket by its scheme.
    const [proto = ""] = (fieldOf(head.fields, "x-forwarded-proto") ?? "").split(",", 1);
    return SECURE.has(proto.trim().toLowerCase());
  }

  /** The request's fields for the service, as lines of a head. */
  forwarded(head: RequestHead, strip: ReadonlySet<string> | undefined): string {
    const authority = head.port === -1 ? head.host : `${head.host}:${head.port}`;
    return this.#forwarding.lines(head, authority, strip);
  }
}

/** Where a socket comes from, or where the balancer in front says that it does. */
export function addressOf(socket: Socket, proxy: ProxyHeader | undefined): ClientAddress {
  const source = proxy?.source;
  const destination = proxy?.destination;
  return {
    address: source?.address ?? plain(socket.remoteAddress),
    port: source?.port ?? socket.remotePort ?? 0,
    localAddress: destination?.address ?? plain(socket.localAddress),
    localPort: destination?.port ?? socket.localPort ?? 0,
  };
}

/** A dual-stack socket writes IPv4 addresses as IPv6 ones. */
function plain(address = ""): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** All values of a field by its lower-case name, by commas (RFC 9110 §5.3); undefined without any. */
export function joinedField(head: RequestHead, lower: string): string | undefined {
  const { fields } = head;
  let all: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.length !== lower.length || fields[i]!.toLowerCase() !== lower) continue;
    all = all === undefined ? fields[i + 1]! : `${all}, ${fields[i + 1]!}`;
  }
  return all;
}
