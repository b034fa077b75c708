import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  certificateFiles,
  Certificates,
  ExitError,
  SERVER_TLS,
  type Certificate,
  type Clock,
} from "@warren/host";

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ChatServerOptions {
  /** Undefined: plain. */
  tls: TlsFiles | undefined;
  listener: RequestListener;
  clock: Clock;
  events: TlsEvents;
}

export interface TlsEvents {
  certificateLoaded(certificate: Certificate): void;
  certificateProblem(name: string, problem: string): void;
}

export interface ChatServer extends AsyncDisposable {
  readonly server: Server;
}

/** Where the system tells of no change, as in network folders. */
const LOOK_MS = 60_000;
const HANDSHAKE_MS = 10_000;
const LIMITS = {
  maxHeaderSize: 32_768,
  headersTimeout: 15_000,
  // An upload of 100 MB over a slow line.
  requestTimeout: 900_000,
  keepAliveTimeout: 75_000,
};

/**
 * The HTTP server of the chat, over TLS where there are files for it. A certificate that is renewed answers
 * new connections; those that are open go on. Rejects with an ExitError where the files cannot be used.
 */
export async function openChatServer(options: ChatServerOptions): Promise<ChatServer> {
  const { tls, listener } = options;
  if (tls === undefined) {
    return { server: createServer(LIMITS, listener), [Symbol.asyncDispose]: async () => {} };
  }
  const server = createTlsServer({ ...LIMITS, handshakeTimeout: HANDSHAKE_MS }, listener);
  let problem = "";
  const certificates = await Certificates.open({
    source: certificateFiles(tls.certFile, tls.keyFile),
    needsHosts: false,
    clock: options.clock,
    lookMs: LOOK_MS,
    onLoaded: (certificate) => {
      // Of a server alone: sockets that are open keep what they have.
      server.setSecureContext({ ...SERVER_TLS, ...certificate.pem });
      options.events.certificateLoaded(certificate);
    },
    onProblem: (name, said) => {
      problem = said;
      options.events.certificateProblem(name, said);
    },
    // Files are looked for by their names: they may be gone, and the certificate is not.
    onRemoved: () => {},
  });
  if (certificates.list().length > 0) {
    return { server, [Symbol.asyncDispose]: () => certificates[Symbol.asyncDispose]() };
  }
  await certificates[Symbol.asyncDispose]();
  throw new ExitError("unavailable", `${tls.certFile}, ${tls.keyFile}: ${problem}`);
}
