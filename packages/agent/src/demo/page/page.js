// Everything here is relative to this page's own address: it works behind any host name.
const at = (id) => document.getElementById(id);
const say = (id, text, bad = false) => {
  at(id).textContent = text;
  at(id).classList.toggle("bad", bad);
};
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

// Clock: how evenly events arrive shows whether anything on the way holds them back.
const BARS = 24;
let lastAt;
let events = 0;
let widestMs = 0;
const clock = new EventSource("/clock");
clock.addEventListener("message", ({ data }) => {
  const now = performance.now();
  at("clock-time").textContent = new Date(Number(data)).toLocaleTimeString([], { hour12: false });
  events++;
  if (lastAt !== undefined) addBar(now - lastAt);
  lastAt = now;
  say(
    "clock-state",
    `${events} ${events === 1 ? "event" : "events"}, one a second; widest gap ${Math.round(widestMs)} ms`,
  );
});
clock.addEventListener("error", () => {
  lastAt = undefined;
  say("clock-state", "interrupted; the browser tries again", true);
});

function addBar(gapMs) {
  widestMs = Math.max(widestMs, gapMs);
  const bar = document.createElement("i");
  bar.style.height = `${Math.min(100, (gapMs / 1000) * 50)}%`;
  bar.title = `${Math.round(gapMs)} ms`;
  at("clock-beat").append(bar);
  if (at("clock-beat").children.length > BARS) at("clock-beat").firstElementChild.remove();
}

// Echo
let socket;
const sent = [];
function connect(pauseMs) {
  socket = new WebSocket(new URL("/echo", location.href.replace(/^http/, "ws")));
  socket.addEventListener("open", () => {
    pauseMs = 500;
    say("echo-state", "connected; stays open however long you are silent");
    send("hello");
  });
  socket.addEventListener("message", ({ data }) => onEcho(data));
  socket.addEventListener("close", ({ code }) => {
    sent.length = 0;
    say("echo-state", `closed with ${code}; connecting again`, true);
    setTimeout(() => connect(Math.min(10_000, pauseMs * 2)), pauseMs);
  });
}
function send(text) {
  if (socket.readyState !== WebSocket.OPEN) return;
  sent.push(performance.now());
  socket.send(text);
}
function onEcho(text) {
  const ms = (performance.now() - sent.shift()).toFixed(1);
  at("echo-ms").textContent = ms;
  const line = document.createElement("li");
  line.append(text, Object.assign(document.createElement("span"), { textContent: `${ms} ms` }));
  at("echo-log").prepend(line);
  while (at("echo-log").children.length > 4) at("echo-log").lastElementChild.remove();
}
at("echo-form").addEventListener("submit", (event) => {
  event.preventDefault();
  send(at("echo-text").value);
});
connect(500);

// Upload: the browser says what it has sent, the service what it has hashed.
function upload(body) {
  const id = Math.random().toString(36).slice(2);
  const progress = new EventSource(`/upload/progress?id=${id}`);
  const request = new XMLHttpRequest();
  progress.addEventListener("message", ({ data }) => {
    const { bytes, sha256 } = JSON.parse(data);
    at("upload-bar").value = bytes / body.size;
    say("upload-state", `${megabytes(bytes)} of ${megabytes(body.size)} hashed by the service`);
    say("upload-hash", sha256);
    at("upload-hash").hidden = false;
  });
  const done = (text, bad) => {
    progress.close();
    at("upload-make").disabled = false;
    say("upload-state", text, bad);
  };
  request.addEventListener("load", () => {
    if (request.status !== 200) return done(`the answer was ${request.status}`, true);
    const { bytes, sha256, ms } = JSON.parse(request.responseText);
    at("upload-bar").value = 1;
    say("upload-hash", `SHA-256 ${sha256}`);
    at("upload-hash").hidden = false;
    done(`${megabytes(bytes)} in ${(ms / 1000).toFixed(2)} s, ${megabytes(bytes / (ms / 1000))}/s`);
  });
  request.addEventListener("error", () => done("the upload broke off", true));
  at("upload-make").disabled = true;
  say("upload-state", "sending");
  // Begin once somebody listens, so that the first events are seen.
  const begin = () => {
    if (request.readyState !== XMLHttpRequest.UNSENT) return;
    request.open("POST", `/upload?id=${id}`);
    request.send(body);
  };
  progress.addEventListener("open", begin);
  progress.addEventListener("error", begin);
}
at("upload-make").addEventListener("click", () => {
  const noise = new Uint8Array(64_000);
  crypto.getRandomValues(noise);
  upload(new Blob(Array.from({ length: 500 }, () => noise)));
});
at("upload-file").addEventListener("change", ({ target }) => {
  if (target.files[0]) upload(target.files[0]);
});
const zone = at("upload");
for (const type of ["dragover", "dragleave", "drop"]) {
  zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
  });
}

// Your request
const { method, target, fields } = await (await fetch("/headers")).json();
at("headers").replaceChildren(
  ...[["", `${method} ${target}`], ...fields].map((cells) => {
    const row = document.createElement("tr");
    row.append(
      ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })),
    );
    return row;
  }),
);

const { origin, host } = location;
at("host").textContent = host;
at("shell").textContent = [
  `curl -N ${origin}/clock`,
  `head -c 100000000 /dev/urandom | curl -T - ${origin}/upload`,
  `curl ${origin}/headers -H 'x-anything: you like'`,
].join("\n");
