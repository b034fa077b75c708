import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import {
  readClientHello,
  Refusal,
  UNRECOGNIZED_NAME_ALERT,
  type ClientHello,
  type ProxyHeader,
} from "@warren/http";
import { ACME_PROTOCOL } from "../acme/challenges.ts";
import type { ClientAddress, RouteAnswer } from "../ports.ts";
import type { Connection, FrontContext } from "./front-context.ts";
import { H1Connection } from "./h1-connection.ts";
import { H2Session } from "./h2-session.ts";
import { addressOf, Peer } from "./peer.ts";
import { Peek } from "./peek.ts";
import { SOCKET_MARK_BYTES } from "./socket-side.ts";
import { joinTcp } from "./tcp-arrival.ts";

/** What the TLS port offers, in its order of preference. */
const ALPN_PROTOCOLS = ["h2", "http/1.1"];
const HANDSHAKE_MS = 10_000;

/**
 * What the TLS port does with a connection. The server name decides: passed through to a route that
 * asks for it, as it came, or terminated here with that name's certificate.
 */
export function acceptTls(
  context: FrontContext,
  socket: Socket,
  proxy: ProxyHeader | undefined,
): void {
  const client = addressOf(socket, proxy);
  Peek.begin(context, socket, (peek, bytes) => {
    const hello = readClientHello(bytes);
    if (hello === "more") return;
    if (hello === "not-tls" || hello instanceof Refusal) return peek.refuse(undefined);
    peek.hold();
    decide(context, peek, { hello, client });
  });
}

interface Arrival {
  hello: ClientHello;
  client: ClientAddress;
}

function decide(context: FrontContext, peek: Peek, arrival: Arrival): void {
  const { serverName } = arrival.hello;
  if (serverName === undefined) return terminate(context, peek, arrival);
  const lookUp = () => context.deps.registry.lookupServerName(serverName);
  const answer = lookUp();
  const route = (known: RouteAnswer): void => {
    if ("refused" in known) return terminate(context, peek, arrival);
    void joinTcp(context, peek, { answer: known, client: arrival.client, lookUp });
  };
  if (!(answer instanceof Promise)) return route(answer);
  answer.then(route).catch((reason: unknown) => {
    context.deps.events.broke("server name", reason);
    peek.refuse(undefined);
  });
}

function terminate(context: FrontContext, peek: Peek, arrival: Arrival): void {
  const { serverName, protocols } = arrival.hello;
  const { certificates, challenges, events } = context.deps;
  const isChallenge = protocols.length === 1 && protocols[0] === ACME_PROTOCOL;
  const known = isChallenge ? undefined : certificates?.choose(serverName);
  if (known !== undefined)
    return shake(context, peek, { ...arrival, secureContext: known.context });
  const coming =
    serverName === undefined
      ? undefined
      : isChallenge
        ? challenges?.tlsAnswer(serverName)
        : certificates?.find?.(serverName).then((found) => found?.context);
  if (coming === undefined) return peek.refuse(UNRECOGNIZED_NAME_ALERT);
  coming
    .then((found) =>
      found === undefined
        ? peek.refuse(UNRECOGNIZED_NAME_ALERT)
        : shake(context, peek, { ...arrival, secureContext: found, isChallenge }),
    )
    .catch((reason: unknown) => {
      events.broke("certificate", reason);
      peek.refuse(undefined);
    });
}

function shake(
  context: FrontContext,
  peek: Peek,
  arrival: Arrival & { secureContext: SecureContext; isChallenge?: boolean },
): void {
  const { hello, client, secureContext, isChallenge = false } = arrival;
  const socket = peek.give(0);
  if (socket === undefined) return;
  const peer = new Peer(client, { serverName: hello.serverName }, context.deps.trusted);
  new Handshake(context, socket, { peer, secureContext, isChallenge }).start();
}

interface HandshakeOptions {
  peer: Peer;
  secureContext: SecureContext;
  /** A CA looks whether the host is served here. */
  isChallenge: boolean;
}

/** A TLS handshake that is under way. */
class Handshake implements Connection {
  readonly #context: FrontContext;
  readonly #peer: Peer;
  readonly #isChallenge: boolean;
  readonly #tls: TLSSocket;
  readonly #since: number;

  constructor(
    context: FrontContext,
    socket: Socket,
    { peer, secureContext, isChallenge }: HandshakeOptions,
  ) {
    this.#context = context;
    this.#peer = peer;
    this.#isChallenge = isChallenge;
    this.#since = context.now();
    const options = {
      isServer: true,
      secureContext,
      ALPNProtocols: isChallenge ? [ACME_PROTOCOL] : ALPN_PROTOCOLS,
      highWaterMark: SOCKET_MARK_BYTES,
    };
    this.#tls = new TLSSocket(socket, options);
    socket.on("error", ignore);
  }

  start(): void {
    this.#context.opened(this);
    this.#tls.on("secure", this.#onSecure).on("error", ignore).on("close", this.#onClose);
  }

  readonly #onSecure = (): void => {
    const tls = this.#tls;
    // Whoever looked has seen it: nothing is served over this protocol (RFC 8737 §3).
    if (this.#isChallenge) return void tls.end();
    tls.off("secure", this.#onSecure).off("error", ignore).off("close", this.#onClose);
    // As tls.Server does: an HTTP/2 session waits for ever for a socket that still says this.
    (tls as { secureConnecting?: boolean }).secureConnecting = false;
    const context = this.#context;
    if (tls.alpnProtocol === "h2") H2Session.begin(context, tls, this.#peer);
    else H1Connection.begin(context, tls, { peer: this.#peer, onPreface: undefined });
    context.closed(this);
  };

  readonly #onClose = (): void => {
    this.#context.closed(this);
  };

  sweep(nowMs: number): void {
    if (nowMs - this.#since >= HANDSHAKE_MS) this.destroy();
  }
  drain(): void {}
  cutOff(): void {
    this.destroy();
  }
  destroy(): void {
    this.#tls.destroy();
  }
}

function ignore(): void {}
