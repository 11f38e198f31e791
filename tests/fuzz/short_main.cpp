// The short form of a fuzz target, without a fuzzer: the seeds, and so many changes of them that
// depend on nothing but their number.
//
//   <target>_short SEEDS [changes = 20000]

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxBytes = 16'384;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<std::string> read_seeds(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

/// One change: a byte, a piece cut out, a piece of another seed put in, the end cut off.
void change(std::string& text, const std::vector<std::string>& seeds, std::mt19937_64& rng) {
  const std::size_t at = text.empty() ? 0 : rng() % text.size();
  switch (rng() % 5) {
    case 0:
      if (!text.empty()) text[at] = static_cast<char>(rng());
      break;
    case 1:
      if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << rng() % 8));
      break;
    case 2: text.erase(at, rng() % 16); break;
    case 3: {
      const std::string& other = seeds[rng() % seeds.size()];
      const std::size_t from = other.empty() ? 0 : rng() % other.size();
      text.insert(at, other.substr(from, rng() % 32));
      break;
    }
    default: text.resize(at); break;
  }
  if (text.size() > kMaxBytes) text.resize(kMaxBytes);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> seeds = read_seeds(argc > 1 ? argv[1] : ".");
  const long n_changes = argc > 2 ? std::atol(argv[2]) : 20'000;
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds in %s\n", argc > 1 ? argv[1] : ".");
    return 1;
  }
  for (const std::string& seed : seeds) run(seed);
  std::mt19937_64 rng(1);
  for (long i = 0; i < n_changes; ++i) {
    std::string text = seeds[rng() % seeds.size()];
    for (std::uint64_t n = 1 + rng() % 4; n > 0; --n) change(text, seeds, rng);
    run(text);
  }
  std::printf("%zu seeds and %ld changes of them\n", seeds.size(), n_changes);
  return 0;
}
