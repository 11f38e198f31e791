// llama.cpp's greedy continuations: greedy.mjs NODE_FOLDER MODEL.gguf < request.json > reply.json
//
// NODE_FOLDER is where `npm install node-llama-cpp` ran. The request is {"prompts": [text, ...],
// "n_tokens": n}; the reply holds per prompt its tokens, the likeliest n tokens after it, and by how
// much the logit of each is above that of the second likeliest. Keys and values are kept in f32.

import path from "node:path";
import {json} from "node:stream/consumers";
import {pathToFileURL} from "node:url";

const [folder, modelPath] = process.argv.slice(2).map((name) => path.resolve(name));
const entry = path.join(folder, "node_modules/node-llama-cpp/dist/index.js");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(entry));
const request = await json(process.stdin);

const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({
  contextSize: model.trainContextSize,
  threads: 1,
  flashAttention: false,
  experimentalKvCacheKeyType: "F32",
  experimentalKvCacheValueType: "F32"
});
const sequence = context.getSequence();

// With temperature 1 and nothing cut off, the ratio of two probabilities is that of their logits.
const generateNext = {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}};

async function next(tokens) {
  const input = tokens.map((token, i) => i + 1 < tokens.length ? token : [token, {generateNext}]);
  const output = await sequence.controlledEvaluate(input);
  const ranked = [...output.at(-1).next.probabilities].sort((a, b) => b[1] - a[1]);
  return {token: ranked[0][0], margin: Math.log(ranked[0][1] / ranked[1][1])};
}

async function greedy(prompt) {
  await sequence.clearHistory();
  const tokens = model.tokenize(prompt, true);
  const reply = {prompt: tokens, tokens: [], margins: []};
  let input = tokens;
  for (let i = 0; i < request.n_tokens; ++i) {
    const {token, margin} = await next(input);
    reply.tokens.push(token);
    reply.margins.push(margin);
    input = [token];
  }
  return reply;
}

const replies = [];
for (const prompt of request.prompts) replies.push(await greedy(prompt));
process.stdout.write(JSON.stringify(replies) + "\n", () => process.exit(0));
