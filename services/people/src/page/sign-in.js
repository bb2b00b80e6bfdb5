// The page at /auth/: a key of this browser that never leaves it, a sign-in that binds the session to it, and calls with its proofs.
// Other pages of this origin may import `call` and need no more than the path of a method.

const DATABASE = "zhirong";
const STORE = "keys";

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const text = (value) => new TextEncoder().encode(value);
const part = (value) => base64url(text(JSON.stringify(value)));

const asked = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

const store = async (mode) => {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return (await asked(opening)).transaction(STORE, mode).objectStore(STORE);
};

// The key of this browser; made at the first visit, and its private half cannot be read by anybody.
const key = async () => {
  const kept = await asked((await store("readonly")).get("dpop"));
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  await asked((await store("readwrite")).put(made, "dpop"));
  return made;
};

const publicKey = async (pair) => {
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { crv, kty, x, y };
};

const proof = async (method, path) => {
  const pair = await key();
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: await publicKey(pair) };
  const digest = document.cookie.match(/(?:^|; )__Host-zhirong-ath=([^;]*)/);
  const claims = {
    jti: crypto.randomUUID(),
    htm: method,
    htu: location.origin + path.split("?")[0],
    iat: Math.floor(Date.now() / 1000),
    ath: digest ? digest[1] : "",
  };
  const signed = `${part(header)}.${part(claims)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, text(signed));
  return `${signed}.${base64url(signature)}`;
};

export const call = async (method, path, body) =>
  fetch(path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { "content-type": "application/json", "x-zhirong-csrf": "1", dpop: await proof(method, path) },
  });

const show = async () => {
  const [who, enter, leave] = ["who", "enter", "leave"].map((id) => document.getElementById(id));
  const answer = await call("GET", "/auth/session");
  const isIn = answer.ok;
  if (isIn) {
    const { display_name, role, city } = await answer.json();
    who.textContent = `${display_name} (${role}, ${city})`;
  } else {
    const thumbprint = await crypto.subtle.digest("SHA-256", text(JSON.stringify(await publicKey(await key()))));
    enter.href = `/auth/login?return=/auth/&dpop_jkt=${base64url(thumbprint)}`;
  }
  enter.hidden = isIn;
  leave.hidden = !isIn;
  leave.onclick = async () => {
    await call("POST", "/auth/logout");
    location.reload();
  };
};

await show();
