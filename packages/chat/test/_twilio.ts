import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Waiting } from "@warren/host/testing";

export interface Asked {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
  body: URLSearchParams;
}
export type Answer = (asked: Asked, response: ServerResponse) => void;

/** Speaks Twilio's REST: the shapes of its documentation, 201 with the message or an error object. */
export class TestTwilio implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly answers: Answer[] = [];
  readonly waiting = new Waiting();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(...answers: Answer[]): Promise<TestTwilio> {
    const twilio = new TestTwilio();
    twilio.answers.push(...answers);
    twilio.#server.listen(0, "127.0.0.1");
    await once(twilio.#server, "listening");
    return twilio;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    const body = new URLSearchParams(Buffer.concat(chunks).toString());
    const asked = { method, url, authorization: headers.authorization, body };
    this.asked.push(asked);
    (this.answers.shift() ?? accepted)(asked, response);
    this.waiting.look();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

const accepted: Answer = ({ body }, response) => {
  response.writeHead(201, { "content-type": "application/json" });
  response.end(JSON.stringify({ sid: "SM1", status: "queued", to: body.get("To") }));
};
