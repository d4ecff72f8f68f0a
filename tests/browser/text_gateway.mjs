// A gateway for text messages on loopback, as an operator describes one in `[text.http]`.
//
// In: nothing. Out: a TextGateway with the settings that lead to it, and what it was handed. A patron's answer is posted as such a
// gateway posts it. Not here: what Courtesy makes of either.
import { strict as assert } from "node:assert";
import { createServer } from "node:http";

import { until } from "./world.mjs";

const SECRET = "hook";
const NUMBER = "+16045550100";

export class TextGateway {
  static async start() {
    const gateway = new TextGateway();
    gateway.handed = [];
    gateway.written = 0;
    gateway.server = createServer((request, response) => gateway.take(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => gateway.server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${gateway.server.address().port}/send`;
    gateway.settings = `[text]\ngateway = "http"\nfrom = "${NUMBER}"\n[text.http]\nurl = "${url}"\nsecret = "${SECRET}"\n`;
    return gateway;
  }

  end() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async take(request, response) {
    let body = "";
    for await (const part of request) body += part;
    this.handed.push(JSON.parse(body));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id: `out-${this.handed.length}` }));
  }

  /// What this number was sent, once it was sent `count` text messages.
  sentTo(number, count = 1) {
    const sent = () => this.handed.filter(({ to }) => to === number).map(({ text }) => text);
    return until(`${count} text messages for ${number}`, async () => sent().length >= count && sent());
  }

  /// A patron writes back.
  async write(world, from, text) {
    const body = JSON.stringify({ id: `in-${++this.written}`, from, text });
    const { status } = await fetch(`${world.url}/texts/http/${SECRET}`, { method: "POST", body });
    assert.equal(status, 204);
  }
}
