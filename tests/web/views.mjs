// Every view of the page, with something in it and without, for tests and pictures of all of them.

import { chatSettings, lastAnswer, say } from './chatting.mjs';

const shown = (page, selector) => page.locator(selector).first().waitFor();
const heading = (page, name) => page.getByRole('heading', { name }).first().waitFor();

async function ask(page, question = 'Once upon a time') {
  await say(page, question);
  await lastAnswer(page);
}

async function complete(page, prompt = 'Once upon a time') {
  await page.getByTestId('complete-prompt').fill(prompt);
  await page.getByTestId('complete-run').click();
  await shown(page, '[data-testid=complete-text][data-state=done]');
}

/**
 * Views with something in them. `run` and `other` have curves, samples and checkpoints; `question` is
 * what models are asked; `stored` is what the browser keeps from before.
 */
export function fullViews({ run, other, question, fields = {} }) {
  const id = encodeURIComponent(run);
  const chart = (page) => shown(page, '[data-testid=loss-chart][data-points]');
  const withTokens = { 'alpha.probabilities': 'true' };
  return [
    { name: 'runs', hash: '#/runs', open: (page) => shown(page, 'tr[data-run]') },
    {
      name: 'run',
      hash: `#/runs/${id}`,
      open: async (page) => {
        await chart(page);
        await shown(page, '[data-testid=sample]');
      },
    },
    {
      name: 'checkpoints',
      hash: `#/runs/${id}?tab=checkpoints`,
      open: (page) => shown(page, '[data-testid=checkpoints]'),
    },
    {
      name: 'events',
      hash: `#/runs/${id}?tab=events`,
      open: (page) => shown(page, '[data-testid=events]'),
    },
    {
      name: 'configuration',
      hash: `#/runs/${id}?tab=configuration`,
      open: (page) => heading(page, 'Training'),
    },
    {
      name: 'compare',
      hash: `#/runs/compare?ids=${id},${encodeURIComponent(other)}`,
      open: (page) => shown(page, '[data-points]'),
    },
    { name: 'chat', hash: `#/chat?model=${id}`, open: (page) => ask(page, question) },
    {
      name: 'chat-tokens',
      hash: `#/chat?model=${id}`,
      stored: withTokens,
      open: async (page) => {
        await ask(page, question);
        await page.locator('[data-role=assistant] [data-token="3"]').click();
        await shown(page, '[data-testid=token-popover]');
      },
    },
    {
      name: 'chat-compare',
      hash: `#/chat?model=${id}&with=${encodeURIComponent(other)}`,
      open: (page) => ask(page, question),
    },
    {
      name: 'code',
      hash: `#/chat?model=${id}`,
      open: async (page) => {
        await page.getByTestId('chat-input').fill(question);
        await page.getByTestId('code-open').click();
        await shown(page, '[data-testid=code]');
      },
    },
    {
      name: 'complete',
      hash: `#/complete?model=${id}`,
      stored: withTokens,
      open: (page) => complete(page, question),
    },
    {
      name: 'tokens',
      hash: `#/tokens?model=${id}`,
      open: async (page) => {
        await page.getByTestId('token-text').fill(question);
        await shown(page, '[data-testid=token-flow]');
      },
    },
    {
      name: 'models',
      hash: '#/models',
      open: async (page) => {
        await shown(page, '[data-testid=model-card]');
        await page
          .getByRole('button', { name: /checkpoints$/ })
          .first()
          .click();
      },
    },
    { name: 'system', hash: '#/system', open: (page) => shown(page, '[data-testid=system-stats]') },
  ].map((view) => ({ ...view, stored: { ...chatSettings(fields), ...view.stored } }));
}

/** Views of a server that has nothing. */
export const emptyViews = [
  { name: 'no-runs', hash: '#/runs', open: (page) => heading(page, 'No runs yet') },
  {
    name: 'no-run',
    hash: '#/runs/nothing',
    expected: [/404/],
    open: (page) => heading(page, 'There is no such run'),
  },
  { name: 'no-chat', hash: '#/chat', open: (page) => heading(page, 'Chat') },
  { name: 'no-complete', hash: '#/complete', open: (page) => heading(page, 'Complete') },
  { name: 'no-tokens', hash: '#/tokens', open: (page) => heading(page, 'No tokenizers yet') },
  { name: 'no-models', hash: '#/models', open: (page) => heading(page, 'No models yet') },
  {
    name: 'no-system',
    hash: '#/system',
    open: (page) => shown(page, '[data-testid=system-stats]'),
  },
  { name: 'no-view', hash: '#/nowhere', open: (page) => heading(page, 'There is nothing here') },
];
