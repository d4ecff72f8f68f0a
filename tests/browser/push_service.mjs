// A push service on loopback, as a browser's maker runs one: browsers hold a WebSocket to it in Mozilla's protocol, and whoever has an
// endpoint posts to it (RFC 8030). It is as strict as the large ones: it wants TTL, aes128gcm and a token by the key that the
// device was bound to (RFC 8292); keeps what comes while the browser is away, by topic; and says 410 of what was turned off.
//
// In: nothing. Out: a service with its address, what it was handed, and a switch that takes the browser off the line.
import { createPublicKey, randomBytes, verify } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const OCTETS_MAX = 4096;
const HOLDS_MAX_S = 24 * 3600;

const octets = (text) => Buffer.from(text, "base64url");

// RFC 8292 §2, §4.2: who signed, for whom, until when.
function isProven(authorization, bound, origin) {
  const [, token, key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization ?? "") ?? [];
  if (!token || key !== bound) return false;
  const point = octets(key);
  const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
  const [head, claims, signature] = token.split(".");
  const publicKey = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const { aud, exp, sub } = JSON.parse(octets(claims));
  const holds = exp - Date.now() / 1000;
  return (
    verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, octets(signature)) &&
    aud === origin && holds > 0 && holds <= HOLDS_MAX_S && /^(mailto|https):/.test(sub)
  );
}

export class PushService {
  devices = new Map(); // path of the endpoint -> { channel, key, isOff }
  waiting = []; // { channel, topic, message }, the oldest first
  handed = []; // { status, topic, urgency, ttl }
  acknowledged = 0;
  isOnline = true;
  unheard = []; // what the browser said while it was away

  static async start() {
    const service = new PushService();
    service.http = createServer((request, response) => service.post(request, response));
    service.sockets = new WebSocketServer({ server: service.http });
    service.sockets.on("connection", (socket) => service.greet(socket));
    await new Promise((resolve) => service.http.listen(0, "127.0.0.1", resolve));
    service.origin = `http://127.0.0.1:${service.http.address().port}`;
    return service;
  }

  get url() {
    return this.origin.replace("http:", "ws:");
  }

  end() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.close();
  }

  /// The browser is away, as a telephone in a tunnel.
  away() {
    this.isOnline = false;
    for (const socket of this.sockets.clients) socket.terminate();
  }

  back() {
    this.isOnline = true;
    for (const hear of this.unheard.splice(0)) hear();
  }

  // The browser's side.

  greet(socket) {
    const say = (message) => socket.send(JSON.stringify(message));
    // Nothing gets through to a browser that is away. It is not turned off at the door: Firefox gives up for minutes after some of that.
    socket.on("message", (data) => {
      if (this.isOnline) hear(data);
      else this.unheard.push(() => socket.readyState === socket.OPEN && hear(data));
    });
    const hear = (data) => {
      const told = JSON.parse(data);
      const { messageType, channelID } = told;
      if (messageType === "hello") {
        this.browser = say;
        say({ messageType, status: 200, uaid: told.uaid || randomBytes(16).toString("hex"), use_webpush: true, broadcasts: {} });
        for (const { message } of this.waiting) say(message);
      } else if (messageType === "register") {
        const path = `/push/${randomBytes(24).toString("base64url")}`;
        // Firefox pads the key.
        this.devices.set(path, { channel: channelID, key: told.key?.replace(/=+$/, ""), isOff: false });
        say({ messageType, channelID, status: 200, pushEndpoint: this.origin + path });
      } else if (messageType === "unregister") {
        for (const device of this.devices.values()) if (device.channel === channelID) device.isOff = true;
        say({ messageType, channelID, status: 200 });
      } else if (messageType === "ack") {
        for (const { version } of told.updates) {
          this.waiting = this.waiting.filter(({ message }) => message.version !== version);
          this.acknowledged += 1;
        }
      } else if (!messageType) {
        say({}); // a ping
      }
    };
    socket.on("close", () => {
      if (this.browser === say) this.browser = undefined;
    });
  }

  // The side of whoever has something to say.

  async post(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { status, words } = this.take(request, Buffer.concat(parts));
    const { topic, urgency, ttl } = request.headers;
    this.handed.push({ status, topic, urgency, ttl });
    response.writeHead(status, { location: `${this.origin}/message/${this.handed.length}` }).end(words);
  }

  take({ method, url, headers }, body) {
    const device = this.devices.get(url);
    if (method !== "POST" || !device) return { status: 404, words: "no such device" };
    if (device.isOff) return { status: 410, words: "turned off" };
    if (!/^\d+$/.test(headers.ttl ?? "")) return { status: 400, words: "TTL is missing" };
    if (headers["content-encoding"] !== "aes128gcm") return { status: 400, words: "not aes128gcm" };
    if (headers.topic && !/^[\w-]{1,32}$/.test(headers.topic)) return { status: 400, words: "not a topic" };
    if (body.length > OCTETS_MAX) return { status: 413, words: "too long" };
    if (!isProven(headers.authorization, device.key, this.origin)) return { status: 403, words: "not proven" };
    const message = {
      messageType: "notification",
      channelID: device.channel,
      version: randomBytes(12).toString("hex"),
      data: body.toString("base64url"),
      headers: { encoding: "aes128gcm" },
    };
    const isSame = (one) => headers.topic && one.channel === device.channel && one.topic === headers.topic;
    this.waiting = this.waiting.filter((one) => !isSame(one));
    this.waiting.push({ channel: device.channel, topic: headers.topic, message });
    this.browser?.(message);
    return { status: 201, words: "" };
  }
}
