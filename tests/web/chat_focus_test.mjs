// What stays where it was while a chat changes: the focus, and what another window has said.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chatSettings, edit, lastAnswer, messages, say, textOf } from './chatting.mjs';
import { until } from './browser.mjs';
import { kSlow, openSite } from './site.mjs';

const site = openSite({ copies: ['chatty', 'long'], flags: kSlow });
const visitChat = (model, body, sampling) =>
  site.visit(`/#/chat?model=${model}`, body, { stored: chatSettings(sampling) });

const hasFocus = (locator) => locator.evaluate((one) => one === document.activeElement);
const press = async (page, locator) => {
  await locator.focus();
  await page.keyboard.press('Enter');
};

test('Whoever goes through versions, gives up an edit or deletes by keyboard keeps a place', async () => {
  await visitChat('chatty', async (page) => {
    await say(page, 'The cat');
    await lastAnswer(page);
    const question = messages(page, 'user').first();
    await edit(page, question, 'A dog');
    await lastAnswer(page);
    await edit(page, question, 'A bird');
    await lastAnswer(page);

    const previous = question.getByRole('button', { name: 'Previous version' });
    await press(page, previous);
    assert.equal(await textOf(question), 'A dog');
    assert.ok(await hasFocus(previous), 'the focus has left the versions');

    const change = question.getByRole('button', { name: 'Edit and ask again' });
    await press(page, change);
    assert.ok(await hasFocus(question.getByTestId('message-editor')));
    await page.keyboard.press('Escape');
    await until(() => hasFocus(change), 'the focus is back on what began the edit');

    await press(page, question.getByRole('button', { name: 'Delete this and what follows' }));
    await until(async () => (await textOf(question)) === 'A bird', 'the version that is left');
    await press(page, question.getByRole('button', { name: 'Delete this and what follows' }));
    await press(page, question.getByRole('button', { name: 'Delete this and what follows' }));
    await question.waitFor({ state: 'detached' });
    assert.ok(await hasFocus(page.getByTestId('chat-input')), 'the focus is lost');
  });
});

for (const [what, model] of [
  ['A second column that comes', 'long'],
  ['A second column that goes', 'long&with=long@1'],
]) {
  test(`${what} stops what is being written`, async () => {
    await visitChat(
      model,
      async (page) => {
        const compare = page.getByRole('checkbox', { name: 'Compare' });
        await say(page, 'Once upon a time');
        await until(async () => (await textOf(messages(page, 'assistant').first())) !== '', 'text');
        await compare.setChecked(!(await compare.isChecked()));
        await page.getByRole('button', { name: 'Send' }).waitFor();
        await site.server.until('alpha_requests_running', {}, 0, 2000);
      },
      { max_tokens: '' },
    );
  });
}

test('Two windows with the same chat show the same, and lose nothing of each other', async () => {
  await visitChat('chatty', async (page) => {
    await say(page, 'The cat');
    await lastAnswer(page);
    await until(
      () => page.evaluate(() => localStorage.getItem('alpha.chat-current')),
      'the chat is stored',
    );
    const other = await page.context().newPage();
    await other.goto(page.url());
    await say(other, 'A dog');
    await lastAnswer(other);
    await messages(page, 'user').getByText('A dog', { exact: true }).waitFor();
    assert.equal(await textOf(await lastAnswer(page)), await textOf(await lastAnswer(other)));

    await say(page, 'A bird');
    await lastAnswer(page);
    await messages(other, 'user').getByText('A bird', { exact: true }).waitFor();
    await other.close();
  });
});
