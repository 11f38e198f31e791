#include <algorithm>
#include <cstdlib>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/inference_bench.h"
#include "apps/alpha/signals.h"

#include "alpha/core/json.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha bench inference --checkpoint runs/stories_20260101120000_ab12\n"
    "  alpha bench inference --checkpoint gpt2-int8 --threads 2 --json\n"
    "  alpha bench helios --help\n";

struct BenchFlags {
  std::optional<std::string> checkpoint, weights, streams;
  std::optional<std::int64_t> prompt, tokens, repeats;
  std::optional<bool> json;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
    flags.choice("--weights", weights, weight_format_names(), "Of the matrices [as stored]");
    flags.integer("--prompt", prompt, "Tokens of the prefill [128]", {.min = 1, .max = 1 << 20});
    flags.integer("--tokens", tokens, "Tokens that each stream decodes [64]",
                  {.min = 1, .max = 1 << 20});
    flags.text("--streams", streams, "How many streams decode together [1,4,8,64]");
    flags.integer("--repeats", repeats, "Of each measurement; the median counts [5]",
                  {.min = 1, .max = 1000});
    backend.add_to(flags);
    flags.boolean("--json", json, "One JSON object instead of a table");
  }
};

std::vector<std::int64_t> parse_streams(const std::string& text) {
  std::vector<std::int64_t> counts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    char* rest = nullptr;
    const long count = std::strtol(part.c_str(), &rest, 10);
    if (part.empty() || *rest != '\0' || count < 1 || count > 1024) {
      fail_usage("--streams has '{}', expected numbers from 1 to 1024 with commas between", part);
    }
    if (std::ranges::find(counts, count) != counts.end()) {
      fail_usage("--streams has {} twice", count);
    }
    counts.push_back(count);
    begin = end + 1;
  }
  return counts;
}

Json to_json(const InferenceBench& bench) {
  Json streams = Json::object();
  for (const StreamRate& rate : bench.streams) {
    streams[std::to_string(rate.n_streams)] = rate.decode.tokens_per_second;
  }
  Json json = {{"checkpoint", bench.path.string()},
               {"weights", to_string(bench.format)},
               {"threads", bench.n_threads},
               {"weightBytes", bench.weight_bytes},
               {"kvBytes", bench.kv_bytes},
               {"loadMs", bench.load_seconds * 1e3},
               {"firstTokenMs", bench.first_token_seconds * 1e3},
               {"prefillTokens", bench.n_prompt},
               {"prefillTokensPerSecond", bench.prefill.tokens_per_second},
               {"prefillCpuSeconds", bench.prefill.cpu_seconds},
               {"streams", std::move(streams)},
               {"wallSeconds", bench.wall_seconds},
               {"cpuSeconds", bench.cpu_seconds}};
  if (!bench.streams.empty()) {
    const StreamRate& first = bench.streams.front();
    json.update({{"decodeStreams", first.n_streams},
                 {"decodeTokensPerSecond", first.decode.tokens_per_second},
                 {"decodeCpuSeconds", first.decode.cpu_seconds}});
  }
  if (bench.is_whole()) {
    json.update({{"readBytesPerSecond", bench.read_bytes_per_second},
                 {"peakMacsPerSecond", bench.peak_macs_per_second},
                 {"decodeOfBandwidth", bench.decode_of_bandwidth(bench.streams.front())},
                 {"prefillOfPeak", bench.prefill_of_peak()}});
  }
  return json;
}

void print(const InferenceBench& bench) {
  const auto line = [](const std::string& text) { write_stdout(text + "\n"); };
  line(fmt::format("{} ({}, {} of weights, {} of KV cache, {} threads)", bench.path.string(),
                   to_string(bench.format), human_bytes(bench.weight_bytes),
                   human_bytes(bench.kv_bytes), bench.n_threads));
  line(fmt::format("{:<22}{:>10.1f} ms to load, {:.1f} ms to the first token", "start",
                   bench.load_seconds * 1e3, bench.first_token_seconds * 1e3));
  const std::string of_peak = bench.is_whole() ? fmt::format("   {:>5.1f} % of {:.0f} GMAC/s",
                                                             100 * bench.prefill_of_peak(),
                                                             bench.peak_macs_per_second * 1e-9)
                                               : "";
  line(fmt::format("{:<22}{:>10.0f} tok/s{}", fmt::format("prefill of {}", bench.n_prompt),
                   bench.prefill.tokens_per_second, of_peak));
  for (const StreamRate& rate : bench.streams) {
    const std::string name =
        rate.n_streams == 1 ? "decode" : fmt::format("{} streams", rate.n_streams);
    const std::string share =
        rate.n_streams == 1 && bench.is_whole()
            ? fmt::format("   {:>5.1f} % of {:.1f} GB/s", 100 * bench.decode_of_bandwidth(rate),
                          bench.read_bytes_per_second * 1e-9)
            : "";
    line(fmt::format("{:<22}{:>10.0f} tok/s{}", name, rate.decode.tokens_per_second, share));
  }
}

}  // namespace

#ifndef ALPHA_HAS_HELIOS
int bench_helios_command(Arguments /*args*/) {
  fail(ErrorCode::unsupported, "this alpha was built without Helios, its GPU backend");
}
#endif

int bench_command(Arguments args) {
  if (!args.empty() && args[0] == "helios") return bench_helios_command(args.subspan(1));
  if (!args.empty() && args[0] == "inference") {
    args = args.subspan(1);
  } else if (args.empty() || (args[0] != "--help" && args[0] != "-h")) {
    fail_usage("what to measure? There are `alpha bench inference` and `alpha bench helios`");
  }
  BenchFlags flags;
  Flags parser("bench inference",
               "How fast a model reads and writes on this machine, and of what the machine can.",
               kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  if (!flags.checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
  InferenceBenchOptions options{.n_prompt = flags.prompt.value_or(0),
                                .n_tokens = flags.tokens.value_or(0),
                                .n_repeats = flags.repeats.value_or(5),
                                .n_streams = parse_streams(flags.streams.value_or("1,4,8,64"))};
  if (flags.weights) options.format = parse_weight_format(*flags.weights);
  const auto backend = flags.backend.open();
  options.n_threads = flags.backend.n_threads(backend->name());
  const InferenceBench bench = run_inference_bench(*flags.checkpoint, *backend, options);
  if (flags.json.value_or(false)) {
    write_stdout(to_json(bench).dump() + "\n");
  } else {
    print(bench);
  }
  return exit_code_after_stop(0);
}

}  // namespace alpha::cli
