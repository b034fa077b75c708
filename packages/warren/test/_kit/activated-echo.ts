/** A service for the tests of `activation.ts`: answers with its word until SIGTERM, then ends drained. */
import { createServer } from "node:net";

const word = process.env["WORD"] ?? "";
// Not node:http: its close() cuts connections that have not asked yet.
const server = createServer((socket) => {
  socket.once("data", () => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${word.length}\r\n\r\n${word}`);
  });
});
server.listen({ fd: 3 }, () => console.log(`${word} listens, ${process.env["LISTEN_FDS"]} socket`));
process.once("SIGTERM", () => server.close());
