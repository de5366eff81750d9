// Talks to the service. Reads never need a token; the token of a change lives in this page's memory only.

let token = "";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(path, options) {
  const response = await fetch(path, { ...options, signal: AbortSignal.timeout(10000), credentials: "omit" });
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(response.status, text.slice(0, 300) || `${path} answered ${response.status}`);
  }
  if (body.status !== "success") throw new ApiError(response.status, body.error || `status ${response.status}`);
  return body.data;
}

export const get = (path) => answer(path, {});

export function query(expression, start, end, step) {
  const form = new URLSearchParams({ query: expression, start, end, step });
  return answer("/api/v1/query_range", { method: "POST", body: form });
}

export const hasToken = () => token !== "";
export const setToken = (value) => { token = value; };

export function change(path, body) {
  const headers = { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" };
  return answer(path, { method: "POST", headers, body: JSON.stringify(body) });
}
