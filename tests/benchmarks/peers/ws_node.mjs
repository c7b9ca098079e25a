// `ws` for Node, as its README says under "Server broadcast" and "External HTTP/S server": what is
// posted to the HTTP server goes to every client that is open. `node ws_node.mjs 8000`
import { createServer } from "node:http";
import WebSocket, { WebSocketServer } from "ws";

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const message = Buffer.concat(parts);
    let delivered = 0;
    for (const client of clients.clients) {
      if (client.readyState === WebSocket.OPEN) {
        client.send(message, { binary: false });
        delivered += 1;
      }
    }
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ delivered }));
  });
});
const clients = new WebSocketServer({ server });
clients.on("connection", (client) => client.on("error", console.error));
server.listen(Number(process.argv[2]), "127.0.0.1");
