// A page with the chat's widget in its corner.
// `node examples/widget.mjs http://127.0.0.1:8085/chat`: the chat lets visitors in, as `warren chat --dev` does.
import { once } from "node:events";
import { createServer } from "node:http";

const [, , chat = "http://127.0.0.1:8085/chat", port = "3000"] = process.argv;
const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>A shop</title>
  <body>
    <main>
      <h1>A shop</h1>
      <p>Things to buy, and somebody to ask about them: in the corner.</p>
    </main>
    <script src="${chat}/widget.js" data-title="Ask the shop" async></script>
  </body>
</html>`;
const server = createServer((request, response) => {
  const isPage = request.url === "/";
  response.writeHead(isPage ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
  response.end(isPage ? page : undefined);
});
server.listen(Number(port), "127.0.0.1");
await once(server, "listening");
process.stdout.write(`a shop on http://localhost:${server.address().port}/\n`);
