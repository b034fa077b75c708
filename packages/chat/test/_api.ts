/** Asks for something over HTTP, as whoever holds the token; undefined: as nobody. */
export function apiOf(port: number, token: string | undefined) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answered> => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${port}/chat${path}`, {
      method,
      headers: { ...authorization, ...json, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  };
}

export interface Answered {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}
