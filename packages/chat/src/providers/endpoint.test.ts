import { expect, test } from "vitest";
import { readEndpoint } from "./endpoint.ts";

const ALLOWED = [
  "https://api.openai.com/v1",
  "https://203.0.113.7/v1",
  "http://localhost:11434/v1",
  "http://127.0.0.1:1",
  "http://127.9.9.9",
  "http://[::1]:8080/v1",
  "http://[fd00::1]",
  "http://10.1.2.3",
  "http://172.31.255.255",
  "http://192.168.0.1",
  "http://ollama:11434",
  "http://ollama.local",
  "http://llm.internal.",
  "http://llm.ai.svc",
  "http://llm.ai.svc.cluster.local/v1",
  "http://0x7f.1",
];
const REFUSED = [
  "http://api.openai.com/v1",
  "http://203.0.113.7",
  "http://172.32.0.1",
  "http://169.254.169.254",
  "http://100.64.0.1",
  "http://[2001:db8::1]",
  "http://notlocal.example",
  "http://evil.com/.local",
  "http://10.1.2.3.evil.com",
  "http://evillocal.com",
  "ftp://127.0.0.1",
  "file:///etc/passwd",
  "https://key@api.example.com",
  "https://api.example.com?key=1",
  "127.0.0.1:8080",
  "",
];

test.each(ALLOWED)("%s is allowed", (text) => {
  expect(readEndpoint(text)).toBeInstanceOf(URL);
});

test.each(REFUSED)("%s is refused, without saying it again", (text) => {
  const read = readEndpoint(text);
  expect(read).toMatchObject({ problem: expect.any(String) as string });
  if (text !== "") expect(JSON.stringify(read)).not.toContain(text);
});
