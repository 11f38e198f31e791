// What HTTP costs: the same texts written by the engine alone and through the service, on one
// machine, in alternating rounds.
//
//   serve_bench CHECKPOINT [int8|int4|bf16|f32] [streams = 32] [tokens = 128] [rounds = 5]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "alpha/backends/backends.h"
#include "alpha/core/json.h"
#include "alpha/http/client.h"
#include "alpha/server/service.h"

namespace {

using namespace alpha;

struct Case {
  std::string checkpoint;
  WeightFormat format = WeightFormat::int8;
  std::int64_t n_streams = 32;
  std::int64_t n_tokens = 128;
  int n_rounds = 5;
};

constexpr int kPromptTokens = 16;

std::vector<TokenId> prompt_of(std::int64_t stream) {
  std::vector<TokenId> prompt;
  for (TokenId i = 0; i < kPromptTokens; ++i) {
    prompt.push_back(static_cast<TokenId>((stream * 31 + i * i) % 50));
  }
  return prompt;
}

/// Tokens per second, and the CPU seconds that they took.
struct Rate {
  double tokens_per_second = 0;
  double cpu_seconds = 0;
};

template<class Work>
Rate time_work(const Case& c, Work&& work) {
  const SystemClock clock;
  const double start = clock.seconds();
  const double cpu = clock.cpu_seconds();
  work();
  return {.tokens_per_second =
              static_cast<double>(c.n_streams * c.n_tokens) / (clock.seconds() - start),
          .cpu_seconds = clock.cpu_seconds() - cpu};
}

/// All streams at once, a thread each.
template<class Body>
void in_threads(std::int64_t n, Body&& body) {
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < n; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

Rate engine_round(const Case& c, Scheduler& scheduler) {
  return time_work(c, [&] {
    in_threads(c.n_streams, [&](std::int64_t i) {
      GenerateRequest request{.prompt = prompt_of(i), .max_tokens = c.n_tokens};
      request.sampling = {.temperature = 1, .top_k = 0, .seed = static_cast<std::uint64_t>(i)};
      request.is_endless = true;
      const auto completion = scheduler.submit(std::move(request));
      TokenEvent event;
      while (completion->next(event)) {
      }
    });
  });
}

Rate service_round(const Case& c, const Service& service, bool is_stream) {
  return time_work(c, [&] {
    in_threads(c.n_streams, [&](std::int64_t i) {
      http::Client client(http::parse_url(fmt::format("http://127.0.0.1:{}", service.port())),
                          600'000);
      const std::string model = std::filesystem::path(c.checkpoint).filename().string();
      const Json body = {{"model", model}, {"prompt", prompt_of(i)}, {"max_tokens", c.n_tokens},
                         {"seed", i},      {"ignore_eos", true},     {"stream", is_stream}};
      const auto response = client.request("POST", "/v1/completions", {}, body.dump());
      if (response.status != 200) {
        std::fprintf(stderr, "%d: %s\n", response.status, response.body.c_str());
        std::exit(1);
      }
    });
  });
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void report(const char* name, const std::vector<Rate>& rates, double engine) {
  std::vector<double> speeds;
  std::vector<double> cpu;
  for (const Rate& rate : rates) {
    speeds.push_back(rate.tokens_per_second);
    cpu.push_back(rate.cpu_seconds);
  }
  std::printf("%-28s %9.0f tok/s  %6.2f CPU s  %5.3f of the engine's own\n", name, median(speeds),
              median(cpu), median(speeds) / engine);
}

int run(const Case& c) {
  const auto backend = make_backend("cpu", 0);
  const SystemClock clock;
  ServerSettings settings;
  settings.http.port = 0;
  settings.roots = {c.checkpoint};
  settings.weights = c.format;
  Service service(*backend, settings, clock);
  std::thread server([&service] { service.run(); });
  std::vector<Rate> engine;
  std::vector<Rate> whole;
  std::vector<Rate> streamed;
  {
    ServedModel model(*backend, load_weights(c.checkpoint, *backend, c.format), {}, clock);
    engine_round(c, model.scheduler());  // warm up
    service_round(c, service, true);
    for (int round = 0; round < c.n_rounds; ++round) {
      engine.push_back(engine_round(c, model.scheduler()));
      whole.push_back(service_round(c, service, false));
      streamed.push_back(service_round(c, service, true));
    }
  }
  std::vector<double> speeds;
  for (const Rate& rate : engine) speeds.push_back(rate.tokens_per_second);
  report("engine", engine, median(speeds));
  report("service, whole answers", whole, median(speeds));
  report("service, streams", streamed, median(speeds));
  service.stop();
  server.join();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "serve_bench CHECKPOINT [format] [streams] [tokens] [rounds]\n");
    return 2;
  }
  Case c{.checkpoint = argv[1]};
  if (argc > 2) c.format = parse_weight_format(argv[2]);
  if (argc > 3) c.n_streams = std::atoi(argv[3]);
  if (argc > 4) c.n_tokens = std::atoi(argv[4]);
  if (argc > 5) c.n_rounds = std::atoi(argv[5]);
  try {
    return run(c);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
