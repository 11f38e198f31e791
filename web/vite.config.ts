import { defineConfig } from "vitest/config";

// `npm run dev` shows the page of the working tree with the answers of a server on this port.
const server = process.env.ALPHA_SERVER ?? "http://127.0.0.1:8080";
const routes = ["/api", "/v1", "/tokenize", "/detokenize", "/health", "/metrics"];

export default defineConfig({
  esbuild: { jsx: "automatic" },
  build: {
    outDir: process.env.ALPHA_WEB_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // everything comes from the server: its policy allows nothing else
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: Object.fromEntries(
      // The server refuses what pages of another origin ask for.
      routes.map((route) => [
        route,
        { target: server, changeOrigin: true, headers: { Origin: server } },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"] },
});
