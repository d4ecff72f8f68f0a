// Passkeys. Nobody needs this script to sign in: it shows buttons that work only with it.

const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const letters = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const send = (form, values) => {
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.requestSubmit();
};
const isThere = "credentials" in navigator && "PublicKeyCredential" in globalThis;

// Signing in: by the button, or by choosing the passkey where the name is typed.
const signIn = document.querySelector("#passkey-sign-in");
if (signIn && isThere) {
  let waiting = new AbortController();
  // A passkey chosen where the name is typed, and the button pressed meanwhile: one of them signs in.
  let isSent = false;
  addEventListener("pageshow", (event) => {
    if (event.persisted) isSent = false;
  });
  const ask = async (mediation) => {
    waiting.abort();
    waiting = new AbortController();
    const publicKey = {
      challenge: octets(signIn.elements.challenge.value),
      rpId: signIn.dataset.host,
      userVerification: "required",
    };
    const held = await navigator.credentials.get({ publicKey, mediation, signal: waiting.signal });
    if (isSent) return;
    isSent = true;
    send(signIn, {
      credential: letters(held.rawId),
      client_data: letters(held.response.clientDataJSON),
      authenticator_data: letters(held.response.authenticatorData),
      signature: letters(held.response.signature),
    });
  };
  signIn.hidden = false;
  signIn.querySelector("[data-passkey]").addEventListener("click", () => ask("optional").catch(() => {}));
  if (await PublicKeyCredential.isConditionalMediationAvailable?.()) ask("conditional").catch(() => {});
}

// Making one.
const make = document.querySelector("#passkey-make");
if (make && isThere) {
  make.hidden = false;
  const failed = make.querySelector("[data-failed]");
  make.querySelector("[data-passkey]").addEventListener("click", async () => {
    const { host, service, user, login, person, algorithms, known } = make.dataset;
    failed.hidden = true;
    try {
      const held = await navigator.credentials.create({
        publicKey: {
          challenge: octets(make.elements.challenge.value),
          rp: { id: host, name: service },
          user: { id: octets(user), name: login, displayName: person },
          pubKeyCredParams: algorithms.split(" ").map((alg) => ({ type: "public-key", alg: Number(alg) })),
          excludeCredentials: known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: octets(id) })),
          authenticatorSelection: { residentKey: "required", userVerification: "required" },
          attestation: "none",
        },
      });
      send(make, {
        credential: letters(held.rawId),
        client_data: letters(held.response.clientDataJSON),
        authenticator_data: letters(held.response.getAuthenticatorData()),
        public_key: letters(held.response.getPublicKey()),
        algorithm: held.response.getPublicKeyAlgorithm(),
      });
    } catch {
      failed.hidden = false;
    }
  });
}
