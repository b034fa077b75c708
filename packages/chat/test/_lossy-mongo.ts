/** A line to MongoDB on which answers are lost after the server has done what was asked. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** "MongoDB Wire Protocol": each message begins with its length, its id, whom it answers, and its kind. */
const HEAD = { length: 0, id: 4, answers: 8, kind: 12, bytes: 16 };
const OP_MSG = 2_013;
/** After the head 4 bytes of flags, 1 of the section's kind, 4 of the document's length, 1 of a type. */
const COMMAND = HEAD.bytes + 10;
const WRITES = new Set(["insert", "update", "delete", "findAndModify"]);

export interface LossyMongo extends AsyncDisposable {
  readonly uri: string;
  /** Of how many writes the answer was lost. */
  readonly lost: () => number;
}

/** Whether the answer to the `nth` write, into this collection, is lost. */
export type Loses = (collection: string, nth: number) => boolean;

/** What is lost takes its connection with it. */
export async function lossyMongo(uri: string, loses: Loses): Promise<LossyMongo> {
  const target = new URL(uri);
  const sockets = new Set<Socket>();
  let [writes, lost] = [0, 0];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const doomed = new Set<number>();
    const cut = () => {
      for (const socket of [client, upstream]) socket.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket.on("error", cut).on("close", cut).setNoDelay(true));
      socket.on("close", () => sockets.delete(socket));
    }
    eachMessage(client, (message) => {
      const into = writtenInto(message);
      if (into !== undefined && loses(into, (writes += 1))) {
        doomed.add(message.readInt32LE(HEAD.id));
      }
      upstream.write(message);
    });
    eachMessage(upstream, (message) => {
      if (!doomed.has(message.readInt32LE(HEAD.answers))) return client.write(message);
      lost += 1;
      cut();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const own = new URL(uri);
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    uri: own.href,
    lost: () => lost,
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function eachMessage(socket: Socket, heard: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= HEAD.bytes && rest.length >= rest.readInt32LE(HEAD.length)) {
      const length = rest.readInt32LE(HEAD.length);
      heard(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
}

/** A write's document begins with its command's name and, as a text with its length, the collection's. */
function writtenInto(message: Buffer): string | undefined {
  if (message.readInt32LE(HEAD.kind) !== OP_MSG) return undefined;
  const end = message.indexOf(0, COMMAND);
  if (!WRITES.has(message.toString("latin1", COMMAND, end))) return undefined;
  const length = message.readInt32LE(end + 1);
  return message.toString("utf8", end + 5, end + 4 + length);
}
