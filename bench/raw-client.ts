import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Entry } from "./contender.ts";

export interface Answer {
  status: number;
  /** Lower-case name to value. */
  fields: ReadonlyMap<string, string>;
  body: Buffer;
}

const READ_BYTES = 262_144;

/** One small GET, the answer read to the end of its connection. */
export async function get(entry: Entry, target: string): Promise<Answer> {
  const socket = connect({ port: entry.port, host: "127.0.0.1", noDelay: true });
  socket.write(`GET ${target} HTTP/1.1\r\nhost: ${entry.host}\r\nconnection: close\r\n\r\n`);
  const bytes: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) bytes.push(chunk);
  return parse(Buffer.concat(bytes));
}

/** The status of a GET whose answer may never end. */
export async function statusOf(entry: Entry, target: string): Promise<number> {
  const socket = connect({ port: entry.port, host: "127.0.0.1", noDelay: true });
  socket.write(`GET ${target} HTTP/1.1\r\nhost: ${entry.host}\r\n\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return Number(first.toString("latin1").split(" ")[1]);
}

/** Reads `length` bytes of body and drops them; returns the answer's head. The fastest Node can. */
export function download(entry: Entry, target: string, length: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    let answer: Answer | undefined;
    let received = 0;
    const take = (size: number, buffer: Uint8Array) => {
      received += size;
      if (answer === undefined) {
        head = Buffer.concat([head, buffer.subarray(0, size)]);
        if (!head.includes("\r\n\r\n")) return true;
        answer = parse(head);
        received = answer.body.length;
      }
      if (received >= length || answer.status !== 200) socket.destroy();
      return true;
    };
    const socket: Socket = connect({
      port: entry.port,
      host: "127.0.0.1",
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: take,
      },
    });
    socket.write(`GET ${target} HTTP/1.1\r\nhost: ${entry.host}\r\n\r\n`);
    socket.once("error", reject);
    socket.once("close", () => {
      const whole = answer !== undefined && received === length;
      if (whole || (answer !== undefined && answer.status !== 200)) resolve(answer!);
      else reject(new Error(`${received} of ${length} bytes`));
    });
  });
}

/** Sends `length` zero bytes as a POST; resolves with the answer. */
export async function upload(entry: Entry, target: string, length: number): Promise<Answer> {
  const socket = connect({ port: entry.port, host: "127.0.0.1" });
  const answered = readAnswer(socket);
  const head = `POST ${target} HTTP/1.1\r\nhost: ${entry.host}\r\ncontent-length: ${length}\r\n\r\n`;
  socket.write(head);
  const block = Buffer.alloc(READ_BYTES);
  for (let left = length; left > 0; left -= block.length) {
    if (!socket.write(left < block.length ? block.subarray(0, left) : block)) {
      await Promise.race([once(socket, "drain"), answered]);
    }
  }
  const answer = await answered;
  socket.destroy();
  return answer;
}

/** The first answer on the socket, as far as it has come when its head is whole and its body began. */
function readAnswer(socket: Socket): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end >= 0 && bytes.length > end + 4) resolve(parse(bytes));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before the answer")));
  });
}

function parse(bytes: Buffer): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(first.split(" ")[1]), fields, body: bytes.subarray(end + 4) };
}
