import OpenAI from 'openai';

import { Serving } from './serving.mjs';

/** What is served, and OpenAI's client to it. */
export class Server extends Serving {
  openai(options = {}) {
    return new OpenAI({ baseURL: `${this.url}/v1`, apiKey: 'none', maxRetries: 0, ...options });
  }
}
