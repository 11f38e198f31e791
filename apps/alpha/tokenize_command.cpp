#include <charconv>
#include <iostream>
#include <iterator>

#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/json.h"
#include "alpha/data/corpus.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha tokenize --type bpe --input book.txt --vocabSize 4000 --out tokenizer.json\n"
    "  alpha tokenize --tokenizer tokenizer.json --text 'Once upon a time'\n"
    "  alpha tokenize --checkpoint runs/stories --ids < book.txt\n"
    "  alpha tokenize --tokenizer tokenizer.json --decode '312 257 40'\n";

struct TokenizeFlags {
  std::optional<std::string> type, input, out, checkpoint, tokenizer, text, decode;
  std::optional<std::int64_t> vocab_size;
  std::optional<bool> ids, json;

  void add_to(Flags& flags) {
    flags.group("Make a tokenizer");
    flags.choice("--type", type, tokenizer_names(), "Kind of tokenizer [bpe]");
    flags.text("--input", input, "UTF-8 text to make it from");
    flags.integer("--vocabSize,--vocab-size", vocab_size, "Tokens of a bpe [by its name]",
                  {.min = 1, .max = 1 << 24});
    flags.text("--out", out, "File to write");
    flags.group("Use one");
    flags.text("--tokenizer", tokenizer, "Tokenizer file");
    flags.text("--checkpoint", checkpoint, "Run folder or checkpoint that has one");
    flags.text("--text", text, "Text to cut [standard input]");
    flags.text("--decode", decode, "Ids to put together again: '12 7 99'");
    flags.boolean("--ids", ids, "Ids alone, on one line");
    flags.boolean("--json", json, "One JSON object");
  }
};

int build(const TokenizeFlags& flags) {
  if (!flags.input) fail_usage("--input is missing: which text to make the tokenizer from?");
  if (!flags.out) fail_usage("--out is missing: which file to write the tokenizer to?");
  const std::string type = flags.type.value_or("bpe");
  if (flags.vocab_size && (type == "char" || type == "word")) {
    fail_usage("--vocabSize: the {} tokenizer takes its size from the text", type);
  }
  std::error_code ignored;
  if (std::filesystem::equivalent(*flags.input, *flags.out, ignored)) {
    fail_usage("--out: '{}' is the text itself", *flags.out);
  }
  const std::string text = read_text(*flags.input);
  const auto tokenizer =
      train_tokenizer(type, text, static_cast<int>(flags.vocab_size.value_or(0)));
  save_tokenizer(*flags.out, *tokenizer);
  if (flags.json.value_or(false)) {
    const Json json = {
        {"type", tokenizer->type()}, {"vocabSize", tokenizer->vocab_size()}, {"out", *flags.out}};
    write_stdout(json.dump() + "\n");
    return 0;
  }
  write_stdout(fmt::format("Tokenizer built: {}, vocab_size={}\nwrote {}\n", tokenizer->type(),
                           tokenizer->vocab_size(), *flags.out));
  return 0;
}

std::unique_ptr<Tokenizer> open_tokenizer(const TokenizeFlags& flags) {
  if (flags.checkpoint && flags.tokenizer) {
    fail_usage("--checkpoint and --tokenizer: expected one of the two");
  }
  if (flags.tokenizer) return load_tokenizer(*flags.tokenizer);
  const ResolvedCheckpoint found = resolve_checkpoint(*flags.checkpoint, CheckpointParts::weights);
  if (!found.warning.empty()) warn(found.warning);
  const CheckpointReader reader(found.path);
  return tokenizer_from_json(reader.tokenizer(), (found.path / kTokenizerFile).string());
}

std::vector<TokenId> parse_ids(std::string_view text) {
  std::vector<TokenId> ids;
  for (std::size_t at = 0; at < text.size();) {
    constexpr std::string_view kSeparators = " ,\t\n[]";
    at = text.find_first_not_of(kSeparators, at);
    if (at == std::string_view::npos) break;
    const std::string_view word = text.substr(at, text.find_first_of(kSeparators, at) - at);
    TokenId id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size()) {
      fail_usage("--decode: '{}' is not a token id", word);
    }
    ids.push_back(id);
    at += word.size();
  }
  return ids;
}

int decode_ids(const Tokenizer& tokenizer, const TokenizeFlags& flags) {
  const std::vector<TokenId> ids = parse_ids(*flags.decode);
  const std::string text = tokenizer.decode(ids);
  if (flags.json.value_or(false)) {
    const Json json = {{"ids", ids}, {"text", replace_invalid_utf8(text)}};
    write_stdout(json.dump() + "\n");
  } else {
    write_stdout(text + "\n");
  }
  return 0;
}

/// A piece so that it can be seen: as a JSON string.
std::string shown(std::string_view piece) {
  return Json(replace_invalid_utf8(piece)).dump();
}

int encode_text(const Tokenizer& tokenizer, const TokenizeFlags& flags) {
  const std::string text = flags.text ? *flags.text
                                      : std::string(std::istreambuf_iterator<char>(std::cin),
                                                    std::istreambuf_iterator<char>());
  const std::vector<TokenId> ids = tokenizer.encode(text, SpecialTokens::allowed);
  if (flags.json.value_or(false)) {
    Json pieces = Json::array();
    for (const TokenId id : ids) pieces.push_back(replace_invalid_utf8(tokenizer.piece(id)));
    const Json json = {{"type", tokenizer.type()},
                       {"vocabSize", tokenizer.vocab_size()},
                       {"bytes", text.size()},
                       {"tokens", ids.size()},
                       {"ids", ids},
                       {"pieces", std::move(pieces)}};
    write_stdout(json.dump() + "\n");
    return 0;
  }
  if (flags.ids.value_or(false)) {
    write_stdout(fmt::format("{}\n", fmt::join(ids, " ")));
    return 0;
  }
  std::string lines;
  for (const TokenId id : ids) lines += fmt::format("{:>6}  {}\n", id, shown(tokenizer.piece(id)));
  write_stdout(lines);
  if (!ids.empty()) {
    write_stderr(fmt::format("{} bytes, {} tokens, {:.2f} bytes per token", text.size(), ids.size(),
                             static_cast<double>(text.size()) / static_cast<double>(ids.size())));
  }
  return 0;
}

}  // namespace

int tokenize_command(Arguments args) {
  TokenizeFlags flags;
  Flags parser("tokenize", "Makes a tokenizer out of a text, or shows how one cuts a text.",
               kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  const bool is_use = flags.checkpoint || flags.tokenizer;
  const bool is_build = flags.type || flags.input || flags.out || flags.vocab_size;
  if (is_use && is_build) {
    fail_usage(
        "either make a tokenizer (--type, --input, --out) or use one (--tokenizer, "
        "--checkpoint), not both");
  }
  if (is_build) return build(flags);
  if (!is_use) fail_usage("--tokenizer or --checkpoint is missing (or --input and --out)");
  if (flags.decode && flags.text) fail_usage("--decode and --text: expected one of the two");
  const std::unique_ptr<Tokenizer> tokenizer = open_tokenizer(flags);
  return flags.decode ? decode_ids(*tokenizer, flags) : encode_text(*tokenizer, flags);
}

}  // namespace alpha::cli
