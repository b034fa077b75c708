import {
  OPERATIONS,
  SecretError,
  type FailureKind,
  type Guard,
  type Operation,
  type Secret,
} from "@warren/host";
import { createTransport } from "nodemailer";
import { composed, type ComposeDeps, type Letterhead } from "./composed.ts";
import { deliveryError, type CarrierWords } from "./delivery.ts";
import { DeliveryError, type Mailer } from "./ports.ts";

/**
 * `tls`: from the first byte (port 465). `starttls`: upgraded, or not used at all (587).
 * `opportunistic`: upgraded where the server offers it. `plain`: never.
 */
export type SmtpSecurity = "tls" | "starttls" | "opportunistic" | "plain";

/** What a port usually speaks, for those who name only the port. */
export function securityOfPort(port: number): SmtpSecurity {
  return port === 465 ? "tls" : port === 587 ? "starttls" : "opportunistic";
}

/** A server that takes our mail. */
export interface SmtpEngine {
  host: string;
  port: number;
  security: SmtpSecurity;
  /** The password is read for each mail: one that was changed counts from the next mail on. */
  credentials: { user: string; password: Secret } | undefined;
  /** PEM of a private authority. */
  ca: string | undefined;
  /** For a silence of the server, in each step. */
  silenceMs: number;
  maxConnections: number;
}

export interface SmtpRoute {
  engine: SmtpEngine;
  /** Its own, made with `classifySmtp`. */
  guard: Guard;
}

/**
 * Sends through the first engine that takes the mail, in order. All but the last are tried without
 * retries: while another one is there, waiting helps nobody. Disposing cuts what is under way.
 */
export function smtpMailer(
  routes: readonly SmtpRoute[],
  head: Letterhead,
  deps: ComposeDeps,
): Mailer & Disposable {
  const pools = routes.map(({ engine, guard }) => ({ pool: new Pool(engine), guard }));
  const once: Operation = { ...OPERATIONS.mail, retries: 0 };
  return {
    async send(mail, signal) {
      const message = composed(mail, head, deps);
      let failure = new DeliveryError("smtp", {
        code: "NO_ENGINE",
        status: undefined,
        retry: false,
      });
      for (const [i, { pool, guard }] of pools.entries()) {
        const operation = i < pools.length - 1 ? once : OPERATIONS.mail;
        const sent = guard.run(
          operation,
          async (stop) => (await pool.now()).sendMail({ ...message, signal: stop }),
          signal,
        );
        const error = await sent.then(
          () => undefined,
          (reason: unknown) => deliveryError("smtp", reason, readSmtp),
        );
        if (error === undefined) return;
        signal.throwIfAborted();
        // One that would take it later says more than one that never will.
        failure = failure.retry ? failure : error;
      }
      throw failure;
    },
    [Symbol.dispose]() {
      for (const { pool } of pools) pool.close();
    },
  };
}

/** Connections under one password: once it is another one they are let go, and new ones opened. */
class Pool {
  readonly #engine: SmtpEngine;
  readonly #open = new Set<Transport>();
  #now: { transport: Transport; password: string | undefined } | undefined;

  constructor(engine: SmtpEngine) {
    this.#engine = engine;
  }

  /** Rejects with a SecretError. */
  async now(): Promise<Transport> {
    const password = await this.#engine.credentials?.password.read();
    if (this.#now !== undefined && this.#now.password === password) return this.#now.transport;
    const former = this.#now?.transport;
    const transport = openTransport(this.#engine, password);
    this.#now = { transport, password };
    this.#open.add(transport);
    // What is under way ends by itself.
    former?.close();
    return transport;
  }

  close(): void {
    for (const transport of this.#open) transport.close({ force: true });
  }
}

type Transport = ReturnType<typeof openTransport>;

function openTransport(engine: SmtpEngine, password: string | undefined) {
  const { host, port, security, credentials, ca, silenceMs, maxConnections } = engine;
  return createTransport({
    pool: true,
    host,
    port,
    secure: security === "tls",
    // A password never crosses a connection that somebody in between could keep in plain text.
    requireTLS:
      security === "starttls" || (security === "opportunistic" && credentials !== undefined),
    ignoreTLS: security === "plain",
    ...(credentials &&
      password !== undefined && { auth: { user: credentials.user, pass: password } }),
    ...(ca !== undefined && { tls: { ca } }),
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    dnsTimeout: silenceMs,
    maxConnections,
    // The guard decides what is sent again.
    maxRequeues: 0,
  });
}

/** What nodemailer calls the steps before a message is spoken of. */
const GREETING_STEPS = new Set(["CONN", "EHLO", "HELO", "STARTTLS"]);
const UNREACHED = new Set(["ECONNECTION", "ESOCKET", "ETIMEDOUT", "EDNS", "EPROXY"]);

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
  command?: string;
}

/** By nodemailer's codes, the reply code and the step (RFC 5321 §4.2.1). */
export function classifySmtp(error: unknown): FailureKind {
  if (!(error instanceof Error)) return "not-a-failure";
  // A mounted Secret that is being renewed.
  if (error instanceof SecretError) return "transient";
  const { code = "", responseCode = 0, command = "" } = error as SmtpError;
  const isLater = responseCode >= 400 && responseCode < 500;
  if (responseCode === 421) return "transient";
  if (code === "EAUTH" || code === "ENOAUTH") return isLater ? "transient" : "permanent";
  if (responseCode > 0 && GREETING_STEPS.has(command)) return isLater ? "transient" : "permanent";
  // Greylisting, a full mailbox, a queue that is too long: the server is well.
  if (isLater) return "deferred";
  if (responseCode >= 500) return "not-a-failure";
  if (UNREACHED.has(code)) return "transient";
  return code === "ETLS" || code === "EPROTOCOL" ? "permanent" : "not-a-failure";
}

function readSmtp(error: unknown): CarrierWords {
  const { code = "UNKNOWN", responseCode } = error as SmtpError;
  return { code, status: responseCode, kind: classifySmtp(error) };
}
