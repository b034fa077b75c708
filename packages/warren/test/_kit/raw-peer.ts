import { dialWebSocket, WEBSOCKET_LIMITS, type WebSocketTransport } from "@warren/host";
import { Waiting } from "@warren/host/testing";
import { SUBPROTOCOL, TUNNEL_PATH, type ControlInput } from "@warren/wire";

interface Said {
  type: string;
  payload: Record<string, unknown>;
}

/** Whoever has a token and a WebSocket: says what it likes, and remembers what it hears. */
export class RawPeer implements Disposable {
  #transport: WebSocketTransport | undefined;
  readonly heard: Said[] = [];
  /** Binary messages. */
  messages = 0;
  closed: { code: number; reason: string } | undefined;
  readonly #waiting = new Waiting();

  static async dial(port: number, token: string): Promise<RawPeer> {
    const peer = new RawPeer();
    const dialled = await dialWebSocket(
      {
        url: new URL(TUNNEL_PATH, `ws://127.0.0.1:${port}`),
        token,
        ca: undefined,
        cert: undefined,
        key: undefined,
        subprotocol: SUBPROTOCOL,
        proxy: undefined,
        handshakeTimeoutMs: 5_000,
        limits: WEBSOCKET_LIMITS,
        signal: new AbortController().signal,
      },
      {
        onBinary: () => peer.#note(() => void peer.messages++),
        onText: (text) => peer.#note(() => void peer.heard.push(JSON.parse(text) as Said)),
        onClose: (code, reason) => peer.#note(() => (peer.closed = { code, reason })),
      },
    );
    if (dialled.kind !== "open") throw new Error(`not let in: ${dialled.kind}`);
    peer.#transport = dialled.transport;
    return peer;
  }

  say(message: ControlInput): void {
    this.text(JSON.stringify({ ...message, timestamp: new Date().toISOString() }));
  }
  text(text: string): void {
    this.#transport!.sendText(text);
  }
  binary(bytes: Uint8Array): void {
    this.#transport!.send(bytes);
  }
  /** Says farewell: nobody will resume. */
  leave(): void {
    this.#transport!.close(1000, "");
  }
  /** As a cut would. */
  drop(): void {
    this.#transport!.terminate();
  }

  register(agentId: string, resume?: { tunnel_id: string; received: number }): void {
    const versions = { agent: "0", protocol: [1] };
    this.say({ type: "register", payload: { agent_id: agentId, versions, resume } });
  }

  /** The first message of a type, when it has come. */
  hears(type: string): Promise<Record<string, unknown>> {
    return this.#waiting.until(() => this.heard.find((said) => said.type === type)?.payload);
  }

  async until(wanted: () => boolean): Promise<void> {
    await this.#waiting.until(wanted);
  }

  [Symbol.dispose](): void {
    this.#transport?.terminate();
  }

  #note(what: () => void): void {
    what();
    this.#waiting.look();
  }
}
