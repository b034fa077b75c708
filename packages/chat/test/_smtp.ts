import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Waiting } from "@warren/host/testing";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface ReceivedMail {
  from: string;
  to: string[];
  text: string;
  isSecure: boolean;
  user: string | undefined;
}

/** A real SMTP server that keeps what it was given. */
export class TestSmtp implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  readonly waiting = new Waiting();
  connections = 0;
  /** The password that it takes. */
  right = "right";
  /** Passwords that were shown to it. */
  readonly passwords: string[] = [];
  /** Replies to RCPT in turn, before it takes any: 451, 550. */
  readonly refusals: { status: number; words: string }[] = [];
  readonly #server: SMTPServer;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 100,
      onConnect: (_session, done) => {
        this.connections += 1;
        done();
      },
      onAuth: ({ username, password }, _session, done) => {
        this.passwords.push(password ?? "");
        if (password === this.right) done(null, { user: username });
        else done(Object.assign(new Error(`no ${username}`), { responseCode: 535 }));
      },
      onRcptTo: ({ address }, _session, done) => {
        const refusal = this.refusals.shift();
        if (refusal === undefined) return done();
        const error = new Error(`<${address}> ${refusal.words}`);
        done(Object.assign(error, { responseCode: refusal.status }));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
            isSecure: session.secure,
            user: session.user as string | undefined,
          });
          this.waiting.look();
          done();
        });
      },
      ...options,
    });
    this.#server.on("error", () => {});
  }

  static async start(options: SMTPServerOptions = { hideSTARTTLS: true }): Promise<TestSmtp> {
    const smtp = new TestSmtp(options);
    smtp.#server.listen(0, "127.0.0.1");
    await once(smtp.#server.server, "listening");
    return smtp;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
