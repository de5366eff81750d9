// Nothing changes without a person who has seen what it will do, said why, and holds the token.

import { $, el } from "/assets/dom.js";
import { change, hasToken, setToken } from "/assets/api.js";

const dialog = $("confirm");
let pending = null;

// fields: [{ name, label, type, value, min }]; path and body are functions of what was entered.
export function confirm({ title, effect, action, fields = [], path, body }) {
  pending = { path, body, fields };
  $("confirm-title").textContent = title;
  $("confirm-effect").textContent = effect;
  $("confirm-do").textContent = action;
  $("confirm-error").textContent = "";
  $("confirm-reason").value = "";
  $("confirm-token").required = !hasToken();
  $("confirm-token").placeholder = hasToken() ? "as entered before" : "";
  $("confirm-fields").replaceChildren(...fields.map((field) => el("label", {}, field.label, " ",
    el("input", { name: field.name, type: field.type ?? "text", value: field.value, min: field.min, required: true }))));
  dialog.showModal();
}

$("confirm-cancel").addEventListener("click", () => dialog.close());

$("confirm-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if ($("confirm-token").value) setToken($("confirm-token").value.trim());
  $("confirm-token").value = "";
  const entered = { reason: $("confirm-reason").value };
  for (const input of $("confirm-fields").querySelectorAll("input")) entered[input.name] = input.value;
  $("confirm-do").disabled = true;
  try {
    await change(pending.path, pending.body(entered));
    dialog.close();
  } catch (error) {
    if (error.status === 401) {
      setToken("");
      $("confirm-token").required = true;
      $("confirm-token").placeholder = "";
    }
    $("confirm-error").textContent = error.message;
  } finally {
    $("confirm-do").disabled = false;
  }
});
