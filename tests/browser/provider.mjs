// A small OpenID provider on loopback, as a consortium has one for its staff: discovery, a page that asks who one is, a code,
// and an ID token for it (OpenID Connect Core 1.0, the code flow with PKCE).
//
// In: nothing. Out: a Provider with its issuer, which says yes to every name that is typed. Not here: what Courtesy makes of it.
import { strict as assert } from "node:assert";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { createServer } from "node:http";

export const CLIENT = { client_id: "courtesy", client_secret: "a secret & more" };

const LASTS_S = 300;
const letters = (octets) => Buffer.from(octets).toString("base64url");

const PAGE = (query) => `<!doctype html><html lang="en"><title>Consortium sign-in</title><h1>Consortium sign-in</h1>
<form method="get" action="/yes"><input type="hidden" name="asked" value="${letters(query)}">
<label>Address <input name="email"></label> <button>Continue</button></form>`;

export class Provider {
  static async start() {
    const provider = new Provider();
    Object.assign(provider, generateKeyPairSync("ec", { namedCurve: "P-256" }), { codes: new Map() });
    provider.server = createServer((request, response) => provider.answer(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => provider.server.listen(0, "127.0.0.1", resolve));
    provider.issuer = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  end() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async answer(request, response) {
    const url = new URL(request.url, this.issuer);
    const json = (told, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(told));
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/keys`,
        });
      case "/keys":
        return json({ keys: [{ ...this.publicKey.export({ format: "jwk" }), kid: "1", use: "sig", alg: "ES256" }] });
      case "/authorize":
        assert.equal(url.searchParams.get("code_challenge_method"), "S256");
        return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE(url.search));
      case "/yes": {
        const asked = new URLSearchParams(Buffer.from(url.searchParams.get("asked"), "base64url").toString());
        const code = letters(randomBytes(16));
        this.codes.set(code, { asked, email: url.searchParams.get("email") });
        const back = new URL(asked.get("redirect_uri"));
        back.search = new URLSearchParams({ code, state: asked.get("state"), iss: this.issuer });
        return response.writeHead(303, { location: back.href }).end();
      }
      case "/token": {
        let body = "";
        for await (const part of request) body += part;
        return this.token(request, new URLSearchParams(body), json);
      }
      default:
        return response.writeHead(404).end();
    }
  }

  token(request, form, json) {
    const escaped = (text) => new URLSearchParams({ "": text }).toString().slice(1);
    const basic = `${escaped(CLIENT.client_id)}:${escaped(CLIENT.client_secret)}`;
    const isUs = request.headers.authorization === `Basic ${Buffer.from(basic).toString("base64")}`;
    const known = this.codes.get(form.get("code"));
    // A code is good once.
    this.codes.delete(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (!isUs || !known || challenge !== known.asked.get("code_challenge")) return json({ error: "invalid_grant" }, 400);
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      aud: CLIENT.client_id,
      sub: known.email,
      email: known.email,
      email_verified: true,
      nonce: known.asked.get("nonce"),
      iat: now,
      exp: now + LASTS_S,
    };
    const part = (value) => letters(JSON.stringify(value));
    const text = `${part({ alg: "ES256", kid: "1" })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(text), { key: this.privateKey, dsaEncoding: "ieee-p1363" });
    return json({ token_type: "Bearer", access_token: "unused", id_token: `${text}.${letters(signature)}` });
  }
}
