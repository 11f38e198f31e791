// llama.cpp's speed on one model, from C++, as Alpha's `bench inference` measures its own.
//
//   llama_bench measure LIBRARIES MODEL.gguf [--threads 2] [--repeats 5] [--streams 4,8,64]
//                       [--tokens 64] [--prompt 8] [--prefill 128] [--cpu auto|NAME] [--poll 50]
//                       [--flash-attention auto|on|off]
//   llama_bench quantize LIBRARIES IN.gguf OUT.gguf q8_0|q4_0
//
// LIBRARIES is the folder with libllama and the libggml-cpu-* variants. `measure` prints one line
// of JSON: per case the tokens per second of each repeat. The next token is always the likeliest
// one, found by a plain loop that counts as part of the step; there is no other sampling.
// ../README.md says how to compile it.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <llama-cpp.h>
#include <sys/resource.h>

namespace {

struct Options {
  std::string libraries;
  std::string model;
  std::string cpu = "auto";
  std::string flash_attention = "auto";
  std::vector<int> streams = {4, 8, 64};
  int n_threads = 2;
  int n_repeats = 5;
  int n_tokens = 64;
  int n_prompt = 8;
  int n_prefill = 128;
  int poll = 50;
};

/// What one case took, a value per repeat.
struct Figures {
  std::vector<double> tokens_per_second;
  std::vector<double> wall_s;
  std::vector<double> cpu_s;
};

double wall_now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// Of all threads of the process.
double cpu_now_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Loads the CPU variant that ggml rates highest here, or the named one.
ggml_backend_reg_t load_cpu(const Options& options) {
  if (options.cpu == "auto") {
    ggml_backend_load_all_from_path(options.libraries.c_str());
  } else {
    ggml_backend_load((options.libraries + "/libggml-cpu-" + options.cpu + ".so").c_str());
  }
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) throw std::runtime_error("no CPU backend in " + options.libraries);
  return ggml_backend_dev_backend_reg(device);
}

/// The name of the CPU variant in this process, such as zen4.
std::string loaded_cpu() {
  const std::string stem = "libggml-cpu-";
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t begin = line.find(stem);
    if (begin == std::string::npos) continue;
    const std::size_t end = line.rfind(".so");
    return line.substr(begin + stem.size(), end - begin - stem.size());
  }
  return "one for all";
}

/// A model with a pool of threads that lives as long as it does. Without such a pool llama.cpp
/// starts new threads for each token.
class Peer {
 public:
  explicit Peer(const Options& options) : options_(options), cpu_(load_cpu(options)) {
    const auto new_pool = reinterpret_cast<decltype(&ggml_threadpool_new)>(
        ggml_backend_reg_get_proc_address(cpu_, "ggml_threadpool_new"));
    free_pool_ = reinterpret_cast<decltype(&ggml_threadpool_free)>(
        ggml_backend_reg_get_proc_address(cpu_, "ggml_threadpool_free"));
    if (new_pool == nullptr || free_pool_ == nullptr) throw std::runtime_error("no thread pools");
    ggml_threadpool_params params = ggml_threadpool_params_default(options.n_threads);
    params.poll = static_cast<std::uint32_t>(options.poll);
    pool_ = new_pool(&params);
    model_.reset(llama_model_load_from_file(options.model.c_str(), llama_model_default_params()));
    if (pool_ == nullptr || model_ == nullptr) throw std::runtime_error("cannot load the model");
    n_vocab_ = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
  }

  ~Peer() { free_pool_(pool_); }

  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Room for `n_streams` sequences of `n_positions` tokens.
  llama_context_ptr make_context(int n_streams, int n_positions) const {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(n_streams * n_positions);
    params.n_batch = params.n_ctx;
    params.n_seq_max = static_cast<std::uint32_t>(n_streams);
    params.n_threads = options_.n_threads;
    params.n_threads_batch = options_.n_threads;
    if (options_.flash_attention != "auto") {
      params.flash_attn_type = options_.flash_attention == "on" ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                                                : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    }
    llama_context_ptr context(llama_init_from_model(model_.get(), params));
    if (context == nullptr) throw std::runtime_error("cannot make a context");
    llama_attach_threadpool(context.get(), pool_, nullptr);
    return context;
  }

  int n_vocab() const { return n_vocab_; }

  std::uint64_t size_bytes() const { return llama_model_size(model_.get()); }

 private:
  Options options_;
  ggml_backend_reg_t cpu_;
  decltype(&ggml_threadpool_free) free_pool_ = nullptr;
  ggml_threadpool_t pool_ = nullptr;
  llama_model_ptr model_;
  int n_vocab_ = 0;
};

/// A batch that is filled anew for each call.
class Batch {
 public:
  explicit Batch(int capacity) : batch_(llama_batch_init(capacity, 0, 1)) {}

  ~Batch() { llama_batch_free(batch_); }

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void clear() { batch_.n_tokens = 0; }

  void add(llama_token token, int position, int stream, bool wants_logits) {
    const int i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = stream;
    batch_.logits[i] = wants_logits ? 1 : 0;
  }

  void decode(llama_context* context) const {
    if (llama_decode(context, batch_) != 0) throw std::runtime_error("llama_decode failed");
  }

 private:
  llama_batch batch_;
};

/// Several maxima side by side, so that the compiler can keep them in one vector.
llama_token likeliest(const float* logits, int n_vocab) {
  constexpr int kLanes = 64;
  std::array<float, kLanes> highest;
  highest.fill(logits[0]);
  int i = 0;
  for (; i + kLanes <= n_vocab; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      float& own = highest[static_cast<std::size_t>(lane)];
      own = logits[i + lane] > own ? logits[i + lane] : own;
    }
  }
  const float* end = logits + n_vocab;
  const float* rest = std::max_element(logits + i, end);
  const float best = *std::max_element(highest.begin(), highest.end());
  return static_cast<llama_token>(
      std::find(logits, end, rest == end ? best : std::max(best, *rest)) - logits);
}

/// Any token, another one for each stream and position.
llama_token prompt_token(int stream, int position, int n_vocab) {
  return (stream * 7919 + position * 104729 + 17) % n_vocab;
}

/// The times of `step`, which takes care of `n_tokens` tokens; `reset` runs untimed before each.
/// The first run only warms up.
Figures measure(int n_repeats, int n_tokens, const std::function<void()>& reset,
                const std::function<void()>& step) {
  Figures figures;
  for (int repeat = -1; repeat < n_repeats; ++repeat) {
    reset();
    const double cpu_s = cpu_now_s();
    const double wall_s = wall_now_s();
    step();
    const double wall_took_s = wall_now_s() - wall_s;
    if (repeat < 0) continue;
    figures.tokens_per_second.push_back(n_tokens / wall_took_s);
    figures.wall_s.push_back(wall_took_s);
    figures.cpu_s.push_back(cpu_now_s() - cpu_s);
  }
  return figures;
}

/// One prompt at once, the logits of its last token wanted.
Figures measure_prefill(const Peer& peer, const Options& options) {
  const llama_context_ptr context = peer.make_context(1, options.n_prefill);
  Batch batch(options.n_prefill);
  for (int i = 0; i < options.n_prefill; ++i) {
    batch.add(prompt_token(0, i, peer.n_vocab()), i, 0, i + 1 == options.n_prefill);
  }
  return measure(
      options.n_repeats, options.n_prefill,
      [&] { llama_memory_clear(llama_get_memory(context.get()), false); },
      [&] { batch.decode(context.get()); });
}

/// `n_streams` texts that grow together, a batch of one token of each per step. Many of them grow
/// by a quarter of the tokens only, as in Alpha's measurement.
Figures measure_decode(const Peer& peer, const Options& options, int n_streams) {
  const int n_tokens = n_streams > 8 ? std::max(1, options.n_tokens / 4) : options.n_tokens;
  const int n_positions = options.n_prompt + n_tokens;
  const llama_context_ptr context = peer.make_context(n_streams, n_positions);
  Batch batch(n_streams * options.n_prompt);
  const std::size_t n = static_cast<std::size_t>(n_streams);
  std::vector<llama_token> next(n);
  const auto run_prompts = [&] {
    llama_memory_clear(llama_get_memory(context.get()), false);
    batch.clear();
    for (int stream = 0; stream < n_streams; ++stream) {
      next[static_cast<std::size_t>(stream)] = prompt_token(stream, 0, peer.n_vocab());
      for (int i = 0; i < options.n_prompt; ++i) {
        batch.add(prompt_token(stream, i, peer.n_vocab()), i, stream, false);
      }
    }
    batch.decode(context.get());
  };
  const auto grow = [&] {
    for (int step = 0; step < n_tokens; ++step) {
      batch.clear();
      for (int stream = 0; stream < n_streams; ++stream) {
        batch.add(next[static_cast<std::size_t>(stream)], options.n_prompt + step, stream, true);
      }
      batch.decode(context.get());
      for (int stream = 0; stream < n_streams; ++stream) {
        next[static_cast<std::size_t>(stream)] =
            likeliest(llama_get_logits_ith(context.get(), stream), peer.n_vocab());
      }
    }
  };
  return measure(options.n_repeats, n_streams * n_tokens, run_prompts, grow);
}

std::string to_json(const std::vector<double>& values) {
  std::ostringstream out;
  out.precision(6);
  for (const double value : values) out << (out.tellp() == 0 ? "" : ", ") << value;
  return std::string("[").append(out.str()).append("]");
}

std::string to_json(const Figures& figures) {
  return "{\"tokensPerSecond\": " + to_json(figures.tokens_per_second) +
         ", \"wallSeconds\": " + to_json(figures.wall_s) +
         ", \"cpuSeconds\": " + to_json(figures.cpu_s) + "}";
}

int run_measure(const Options& options) {
  const Peer peer(options);
  std::string streams;
  const Figures prefill = measure_prefill(peer, options);
  const Figures decode = measure_decode(peer, options, 1);
  for (const int n_streams : options.streams) {
    streams += (streams.empty() ? "\"" : ", \"") + std::to_string(n_streams) +
               "\": " + to_json(measure_decode(peer, options, n_streams));
  }
  std::printf(
      "{\"version\": \"%s\", \"cpu\": \"%s\", \"system\": \"%s\", \"modelBytes\": %llu, "
      "\"threads\": %d, \"prefill\": %s, \"decode\": %s, \"streams\": {%s}}\n",
      llama_version(), loaded_cpu().c_str(), llama_print_system_info(),
      static_cast<unsigned long long>(peer.size_bytes()), options.n_threads,
      to_json(prefill).c_str(), to_json(decode).c_str(), streams.c_str());
  return 0;
}

/// Every matrix becomes `type`, the token embedding and so the head too.
int run_quantize(const Options& options, const std::string& out, const std::string& type) {
  load_cpu(options);
  llama_model_quantize_params params = llama_model_quantize_default_params();
  if (type != "q8_0" && type != "q4_0") throw std::runtime_error("unknown type " + type);
  params.ftype = type == "q8_0" ? LLAMA_FTYPE_MOSTLY_Q8_0 : LLAMA_FTYPE_MOSTLY_Q4_0;
  params.pure = true;
  return llama_model_quantize(options.model.c_str(), out.c_str(), &params) == 0 ? 0 : 1;
}

std::vector<int> parse_list(const std::string& text) {
  std::vector<int> values;
  std::istringstream in(text);
  for (std::string value; std::getline(in, value, ',');) values.push_back(std::stoi(value));
  return values;
}

void parse_flag(Options& options, const std::string& flag, const std::string& value) {
  const std::array<std::pair<const char*, int*>, 6> numbers = {{{"--threads", &options.n_threads},
                                                                {"--repeats", &options.n_repeats},
                                                                {"--tokens", &options.n_tokens},
                                                                {"--prompt", &options.n_prompt},
                                                                {"--prefill", &options.n_prefill},
                                                                {"--poll", &options.poll}}};
  for (const auto& [name, number] : numbers) {
    if (flag == name) {
      *number = std::stoi(value);
      return;
    }
  }
  if (flag == "--streams") {
    options.streams = parse_list(value);
  } else if (flag == "--cpu") {
    options.cpu = value;
  } else if (flag == "--flash-attention") {
    options.flash_attention = value;
  } else {
    throw std::runtime_error("unknown flag " + flag);
  }
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3) throw std::runtime_error("expected: measure|quantize LIBRARIES MODEL ...");
  Options options;
  options.libraries = words[1];
  options.model = words[2];
  if (words[0] == "quantize" && words.size() == 5) {
    return run_quantize(options, words[3], words[4]);
  }
  if (words[0] != "measure" || words.size() % 2 == 0) throw std::runtime_error("cannot read that");
  for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
    parse_flag(options, words[i], words[i + 1]);
  }
  return run_measure(options);
}

}  // namespace

int main(int argc, char** argv) {
  // Only its errors: loading prints hundreds of lines.
  const auto log = [](ggml_log_level level, const char* text, void*) {
    if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
  };
  llama_log_set(log, nullptr);
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llama_bench: %s\n", error.what());
    return 1;
  }
}
