import { describe, expect, test } from "vitest";
import type { Alert } from "./alert.ts";
import { alertTexts } from "./alert-texts.ts";

const AT = Date.parse("2026-05-01T10:00:00Z");
const HELP: Alert = { event: "help_request", userId: "alice", sessionId: "5e55", atMs: AT };
const EVIL = `<img src=x onerror="steal('&')">`;

describe("a help request", () => {
  test("names user, session and time, and links to the session", () => {
    const texts = alertTexts(HELP, "https://desk.example.com/admin/");
    expect(texts.subject).toBe("Help requested by alice");
    for (const fact of ["alice", "5e55", "2026-05-01T10:00:00.000Z"]) {
      expect(texts.text).toContain(fact);
      expect(texts.html).toContain(fact);
    }
    expect(texts.text).toContain("https://desk.example.com/admin/5e55");
    expect(texts.html).toContain('href="https://desk.example.com/admin/5e55"');
    expect(texts.sms).toBe("Help requested. User: alice. Session: 5e55.");
  });

  test("says where to look when no panel is set", () => {
    const texts = alertTexts(HELP, undefined);
    expect(texts.text).toContain("see the admin panel");
    expect(texts.html).not.toContain("href");
  });

  test("keeps a session id within its link", () => {
    const texts = alertTexts({ ...HELP, sessionId: `../x"><script>` }, "https://desk.example.com");
    expect(texts.html).toContain('href="https://desk.example.com/..%2Fx%22%3E%3Cscript%3E"');
  });
});

describe.each<{ name: string; alert: Alert }>([
  { name: "a help request", alert: { ...HELP, userId: EVIL, sessionId: EVIL } },
  {
    name: "a critical error",
    alert: { event: "critical_error", type: EVIL, details: EVIL, affectedUsers: 3, atMs: AT },
  },
  {
    name: "a system alert",
    alert: { event: "system_alert", subject: EVIL, details: EVIL, affectedUsers: 3, atMs: AT },
  },
])("in $name", ({ alert }) => {
  test("values are text, never markup", () => {
    const { html } = alertTexts(alert, "https://desk.example.com");
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;steal(&#39;&amp;&#39;)&quot;&gt;");
  });

  test("line breaks do not leave the subject or the SMS", () => {
    const broken = JSON.parse(JSON.stringify(alert).replaceAll("<img", "\\r\\nBcc: x")) as Alert;
    const { subject, sms } = alertTexts(broken, undefined);
    expect(`${subject}${sms}`).not.toMatch(/[\r\n]/);
  });
});

test("a critical error is red and has details, affected users and time", () => {
  const alert: Alert = {
    event: "critical_error",
    type: "store_unreachable",
    details: "first\nsecond",
    affectedUsers: 42,
    atMs: AT,
  };
  const { subject, html, sms } = alertTexts(alert, undefined);
  expect(subject).toBe("Critical error: store_unreachable");
  expect(html).toMatch(/color:#b00020[^]*first<br>second[^]*42[^]*2026-05-01T10:00:00.000Z/);
  expect(sms).toContain("42");
});
