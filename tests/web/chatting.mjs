// What tests do in a chat.

import assert from 'node:assert/strict';

import { until } from './browser.mjs';

/** What a browser keeps of the sampling fields. Answers are short unless they say otherwise. */
export const chatSettings = (fields = {}) => ({
  'alpha.sampling.chat': JSON.stringify({ max_tokens: '40', ...fields }),
});

/** Messages that are seen, of one role or both. */
export const messages = (page, role) =>
  page.locator(`[data-testid=message]${role ? `[data-role=${role}]` : ''}`);

export const textOf = (message) => message.getByTestId('message-text').textContent();

export async function say(page, text) {
  await page.getByTestId('chat-input').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** Puts another text in the place of a question and asks it. */
export async function edit(page, message, text) {
  await message.getByRole('button', { name: 'Edit and ask again' }).click();
  await message.getByTestId('message-editor').fill(text);
  await message.getByRole('button', { name: 'Ask' }).click();
}

/** The last answer, when it is no longer written and has come to an end of this kind. */
export async function lastAnswer(page, state = 'done') {
  const answer = messages(page, 'assistant').last();
  await until(
    async () =>
      (await answer.count()) > 0 && (await page.locator('[data-state=streaming]').count()) === 0,
    'an answer that has ended',
  );
  assert.equal(await answer.getAttribute('data-state'), state, await answer.textContent());
  return answer;
}
