#include "alpha/server/model_registry.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "tests/server/support.h"

#include "alpha/server/api_error.h"

namespace alpha {
namespace {

/// Tasks posted to the thread of the test, run when it waits.
class TestLoop {
 public:
  void post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    has_task_.notify_one();
  }

  /// Runs the next task, after waiting for it.
  void run_one() {
    std::unique_lock lock(mutex_);
    has_task_.wait(lock, [this] { return !tasks_.empty(); });
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable has_task_;
  std::deque<std::function<void()>> tasks_;
};

class FakeClock final : public Clock {
 public:
  double seconds() const override { return now; }

  double cpu_seconds() const override { return 0; }

  std::int64_t unix_ms() const override { return 0; }

  std::atomic<double> now = 1000;
};

struct Answer {
  std::shared_ptr<ServedModel> model;
  std::string error;
  bool has_come = false;
};

/// A registry over runs that exist in a list alone, with a loader that tests can make fail.
class ModelRegistryTest : public testing::Test {
 protected:
  static constexpr std::size_t kNoLimit = std::size_t{1} << 40U;

  ModelRegistryTest() {
    test::write_checkpoint(*backend, dir.path() / "any", 1, 1);
    weights = load_weights(dir.path() / "any", *backend);
    make(kNoLimit);
  }

  void make(std::size_t max_bytes) {
    registry = std::make_unique<ModelRegistry>(
        ModelRegistryOptions{.max_bytes = max_bytes, .max_waiting = 30, .max_wait_seconds = 60},
        [this](const ModelName& name) { return load(name); }, worker,
        [this](std::function<void()> task) { loop.post(std::move(task)); }, clock,
        [this](const std::string& text) { problems.push_back(text); });
  }

  std::shared_ptr<ServedModel> load(const ModelName& name) {
    {
      const std::lock_guard lock(mutex);
      loaded.push_back(name.checkpoint.path.string());
      if (n_failures > 0) {
        --n_failures;
        throw Error(ErrorCode::corrupt, "the file is damaged");
      }
    }
    return std::make_shared<ServedModel>(*backend, weights, ServedModelOptions{.max_sessions = 2},
                                         clock);
  }

  /// Runs `name` -> steps, the newest run first.
  void set_runs(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& runs) {
    auto list = std::make_shared<RunList>();
    for (const auto& [name, steps] : runs) {
      auto run = std::make_shared<RunInfo>();
      run->id = name;
      run->run_id = "run-of-" + name;
      for (const std::int64_t step : steps) {
        run->checkpoints.push_back({.step = step, .path = fmt::format("{}/{}", name, step)});
      }
      if (steps.size() > 1) run->best_step = steps[steps.size() - 2];
      list->push_back(std::move(run));
    }
    registry->update(list);
  }

  std::shared_ptr<Answer> ask(std::string_view name) {
    auto answer = std::make_shared<Answer>();
    registry->open(name, [answer](std::shared_ptr<ServedModel> model, std::exception_ptr error) {
      answer->has_come = true;
      answer->model = std::move(model);
      if (error) {
        try {
          std::rethrow_exception(error);
        } catch (const std::exception& e) {
          answer->error = e.what();
        }
      }
    });
    return answer;
  }

  std::shared_ptr<ServedModel> wait(const std::shared_ptr<Answer>& answer) {
    while (!answer->has_come) loop.run_one();
    return answer->model;
  }

  std::string refusal(std::string_view name) {
    try {
      registry->open(name, {});
    } catch (const ApiError& error) {
      EXPECT_EQ(error.status, 404);
      EXPECT_EQ(error.code, "model_not_found");
      return error.what();
    }
    return "accepted";
  }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  std::shared_ptr<const Weights> weights;
  FakeClock clock;
  TestLoop loop;
  std::mutex mutex;
  std::vector<std::string> loaded;
  int n_failures = 0;
  std::vector<std::string> problems;
  Worker worker;
  std::unique_ptr<ModelRegistry> registry;
};

TEST_F(ModelRegistryTest, LoadsOnceHoweverManyAsk) {
  set_runs({{"a", {1, 2}}});
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(ask(i % 2 == 0 ? "a" : "a@2"));
  const auto first = wait(answers.front());
  for (const auto& answer : answers) EXPECT_EQ(wait(answer), first);
  EXPECT_EQ(wait(ask("run-of-a")), first);
  EXPECT_EQ(loaded, std::vector<std::string>{"a/2"});
}

TEST_F(ModelRegistryTest, TellsAFailureToAllWhoWaitAndTriesAgain) {
  set_runs({{"a", {1}}});
  n_failures = 1;
  const auto first = ask("a");
  const auto second = ask("a");
  wait(first);
  EXPECT_EQ(first->error, "the file is damaged");
  EXPECT_EQ(second->error, "the file is damaged");
  EXPECT_NE(wait(ask("a")), nullptr);
  EXPECT_EQ(loaded.size(), 2U);
}

TEST_F(ModelRegistryTest, FindsStepsAndTheBest) {
  set_runs({{"a", {1, 2, 3}}});
  EXPECT_EQ(registry->find("a").checkpoint.step, 3);
  EXPECT_EQ(registry->find("a@1").checkpoint.step, 1);
  EXPECT_EQ(registry->find("a@best").checkpoint.step, 2);
  EXPECT_EQ(registry->find("").checkpoint.step, 3);
}

TEST_F(ModelRegistryTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(refusal(""), "there is no model yet: no run folder has a checkpoint");
  set_runs({{"stories", {1}}, {"empty", {}}});
  EXPECT_EQ(refusal("storeis"), "the model 'storeis' does not exist; did you mean 'stories'?");
  EXPECT_EQ(refusal("empty"), "the model 'empty' does not exist");
  EXPECT_EQ(refusal("stories@7"),
            "the model 'stories@7' does not exist: there is no checkpoint '7' of 'stories'");
  EXPECT_EQ(refusal("stories@1x"),
            "the model 'stories@1x' does not exist: there is no checkpoint '1x' of 'stories'");
  EXPECT_EQ(refusal("stories@best"),
            "the model 'stories@best' does not exist: no checkpoint has a validation loss of "
            "'stories'");
}

TEST_F(ModelRegistryTest, DropsTheOneNotAskedForTheLongest) {
  set_runs({{"a", {1}}, {"b", {1}}, {"c", {1}}});
  const std::size_t size = wait(ask("a"))->size_bytes();
  make(2 * size + size / 2);
  set_runs({{"a", {1}}, {"b", {1}}, {"c", {1}}});
  loaded.clear();
  wait(ask("a"));
  wait(ask("b"));
  wait(ask("a"));
  wait(ask("c"));  // b goes
  wait(ask("a"));
  wait(ask("b"));
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/1", "b/1", "c/1", "b/1"}));
  EXPECT_LE(registry->loaded_bytes(), 2 * size + size / 2);
}

TEST_F(ModelRegistryTest, WaitsForAModelThatAnswersBeforeItLoadsAnother) {
  set_runs({{"a", {1}}, {"b", {1}}});
  const std::size_t size = wait(ask("a"))->size_bytes();
  make(size - 1);
  set_runs({{"a", {1}}, {"b", {1}}});
  loaded.clear();
  auto busy = ask("a");
  wait(busy);
  const auto other = ask("b");
  registry->tidy();
  EXPECT_EQ(loaded.size(), 1U);
  busy->model.reset();  // its request ends
  registry->tidy();
  EXPECT_NE(wait(other), nullptr);
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/1", "b/1"}));
}

TEST_F(ModelRegistryTest, AModelThatAnswersWithoutAPauseGivesWayAfterAWhile) {
  set_runs({{"a", {1}}, {"b", {1}}});
  const std::size_t size = wait(ask("a"))->size_bytes();
  make(size - 1);
  set_runs({{"a", {1}}, {"b", {1}}});
  auto busy = ask("a");
  wait(busy);
  const auto other = ask("b");
  clock.now = clock.now + 4;
  registry->tidy();
  const auto more = ask("a");  // stands behind b now
  EXPECT_FALSE(more->has_come);
  busy->model.reset();
  while (loop.size() == 0) registry->tidy();  // its end is on its way
  EXPECT_NE(wait(other), nullptr);
  EXPECT_FALSE(more->has_come);
}

TEST_F(ModelRegistryTest, WhoWaitsTooLongForRoomIsTold) {
  set_runs({{"a", {1}}, {"b", {1}}});
  const std::size_t size = wait(ask("a"))->size_bytes();
  make(size - 1);
  set_runs({{"a", {1}}, {"b", {1}}});
  auto busy = ask("a");
  wait(busy);
  const auto other = ask("b");
  clock.now = clock.now + 61;
  registry->tidy();
  EXPECT_TRUE(other->has_come);
  EXPECT_EQ(other->error, "there was no room to load the model for 60 s: try again later");
}

TEST_F(ModelRegistryTest, MoreThanMayWaitAreToldToComeAgain) {
  set_runs({{"a", {1}}, {"loaded", {1}}});
  wait(ask("loaded"));
  for (int i = 0; i < 30; ++i) ask("a");
  try {
    ask("a");
    FAIL() << "31 wait";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 429);
  }
  EXPECT_TRUE(ask("loaded")->has_come);
}

TEST_F(ModelRegistryTest, LoadsAModelLargerThanTheLimitAlone) {
  make(1);
  set_runs({{"a", {1}}, {"b", {1}}});
  EXPECT_NE(wait(ask("a")), nullptr);
  EXPECT_NE(wait(ask("b")), nullptr);
  registry->tidy();
  EXPECT_EQ(registry->loaded().size(), 0U);  // nothing may stay
}

TEST_F(ModelRegistryTest, ANewerCheckpointTakesThePlaceOfTheServedOne) {
  set_runs({{"a", {1}}});
  auto old = wait(ask("a"));
  set_runs({{"a", {1, 2}}});
  EXPECT_EQ(wait(ask("a")), old);  // until the new one is loaded
  loop.run_one();
  const auto newer = wait(ask("a"));
  EXPECT_NE(newer, old);
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/1", "a/2"}));
  EXPECT_EQ(registry->loaded().size(), 2U);  // the old one still answers
  old.reset();
  while (registry->loaded().size() > 1) std::this_thread::yield();
}

TEST_F(ModelRegistryTest, ANewerCheckpointThatCannotBeLoadedLeavesTheOldOne) {
  set_runs({{"a", {1}}});
  const auto old = wait(ask("a"));
  n_failures = 1;
  set_runs({{"a", {1, 2}}});
  loop.run_one();
  EXPECT_EQ(wait(ask("a")), old);
  EXPECT_EQ(problems,
            std::vector<std::string>{"cannot load the checkpoint 'a/2': the file is damaged"});
  set_runs({{"a", {1, 2}}});  // not tried again at once
  EXPECT_EQ(loaded.size(), 2U);
  set_runs({{"a", {1, 2, 3}}});
  loop.run_one();
  EXPECT_NE(wait(ask("a")), old);
}

TEST_F(ModelRegistryTest, ADamagedLatestCheckpointGivesWayToTheOneBefore) {
  set_runs({{"a", {1, 2, 3}}});
  n_failures = 2;
  const auto latest = ask("a");
  const auto exact = ask("a@3");
  EXPECT_NE(wait(latest), nullptr);
  EXPECT_EQ(wait(exact), nullptr);
  EXPECT_EQ(exact->error, "the file is damaged");
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/3", "a/2", "a/1"}));
  EXPECT_EQ(problems.size(), 2U);
  EXPECT_EQ(wait(ask("a")), wait(ask("a@1")));
  EXPECT_NE(wait(ask("a@3")), wait(ask("a")));  // mended in between
}

TEST_F(ModelRegistryTest, WhereAllCheckpointsAreDamagedTheFailureIsToldAndTriedAgain) {
  set_runs({{"a", {1, 2}}});
  n_failures = 2;
  const auto latest = ask("a");
  EXPECT_EQ(wait(latest), nullptr);
  EXPECT_EQ(latest->error, "the file is damaged");
  EXPECT_NE(wait(ask("a")), nullptr);
}

TEST_F(ModelRegistryTest, AStepThatWasAskedForStaysBesideTheNewerOne) {
  set_runs({{"a", {1}}});
  const auto old = wait(ask("a@1"));
  EXPECT_EQ(wait(ask("a")), old);
  set_runs({{"a", {1, 2}}});
  loop.run_one();
  EXPECT_EQ(wait(ask("a@1")), old);
  EXPECT_NE(wait(ask("a")), old);
}

TEST_F(ModelRegistryTest, WhereTheLatestIsGoneTheOneBeforeTakesItsPlace) {
  set_runs({{"a", {1, 2}}});
  const auto latest = wait(ask("a"));
  const auto before = wait(ask("a@1"));
  set_runs({{"a", {1}}});
  EXPECT_EQ(wait(ask("a")), before);
  EXPECT_EQ(loaded.size(), 2U);
}

/// The status and code with which `unload` refuses; "done" where it does not.
std::string unloaded(ModelRegistry& registry, std::string_view name) {
  try {
    registry.unload(name);
  } catch (const ApiError& error) {
    return fmt::format("{} {}", error.status, error.code);
  }
  return "done";
}

TEST_F(ModelRegistryTest, WhatIsUnloadedAnswersToItsEndAndIsLoadedAgain) {
  set_runs({{"a", {1}}, {"b", {1}}});
  auto old = wait(ask("a"));
  EXPECT_EQ(unloaded(*registry, "a"), "done");
  EXPECT_FALSE(registry->is_loaded("a/1"));
  EXPECT_EQ(registry->loaded().size(), 1U);  // it still answers
  EXPECT_EQ(unloaded(*registry, "a"), "409 model_not_loaded");
  const auto again = wait(ask("a"));
  EXPECT_NE(again, old);
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/1", "a/1"}));
  old.reset();
  while (registry->loaded().size() > 1) std::this_thread::yield();
  EXPECT_EQ(unloaded(*registry, "b"), "409 model_not_loaded");
  EXPECT_EQ(unloaded(*registry, "c"), "404 model_not_found");
}

TEST_F(ModelRegistryTest, WhatIsBeingLoadedIsNotUnloadedAndWhoWaitsGetsIt) {
  set_runs({{"a", {1}}});
  const auto answer = ask("a");
  EXPECT_TRUE(registry->state_of("a/1").is_loading);
  EXPECT_EQ(unloaded(*registry, "a"), "409 model_is_loading");
  EXPECT_EQ(unloaded(*registry, "a@1"), "409 model_is_loading");
  EXPECT_NE(wait(answer), nullptr);
  EXPECT_EQ(registry->state_of("a/1").loaded_bytes, answer->model->size_bytes());
  EXPECT_EQ(unloaded(*registry, "a@1"), "done");
  EXPECT_EQ(loaded.size(), 1U);
}

TEST_F(ModelRegistryTest, ANameUnloadsWhatItServesAndNothingTakesItsPlace) {
  set_runs({{"a", {1}}});
  wait(ask("a"));
  set_runs({{"a", {1, 2}}});
  EXPECT_EQ(unloaded(*registry, "a"), "409 model_is_loading");  // the newer one is on its way
  loop.run_one();
  EXPECT_EQ(unloaded(*registry, "a"), "done");
  set_runs({{"a", {1, 2, 3}}});
  EXPECT_EQ(loop.size(), 0U);
  EXPECT_EQ(loaded, (std::vector<std::string>{"a/1", "a/2"}));
}

TEST_F(ModelRegistryTest, ANameUnloadsTheOlderCheckpointThatStandsInForADamagedOne) {
  set_runs({{"a", {1, 2}}});
  n_failures = 1;
  wait(ask("a"));
  EXPECT_TRUE(registry->is_loaded("a/1"));
  EXPECT_EQ(unloaded(*registry, "a"), "done");
  EXPECT_FALSE(registry->is_loaded("a/1"));
}

TEST_F(ModelRegistryTest, UnloadingMakesRoomForWhoWaits) {
  set_runs({{"a", {1}}, {"b", {1}}});
  const std::size_t size = wait(ask("a"))->size_bytes();
  make(size - 1);
  set_runs({{"a", {1}}, {"b", {1}}});
  auto busy = ask("a");
  wait(busy);
  const auto other = ask("b");
  EXPECT_FALSE(other->has_come);
  EXPECT_EQ(unloaded(*registry, "a"), "done");
  busy->model.reset();
  while (loop.size() == 0) registry->tidy();  // its end is on its way
  EXPECT_NE(wait(other), nullptr);
}

TEST_F(ModelRegistryTest, ForgetsWhatIsGone) {
  set_runs({{"stories", {1}}, {"b", {1}}});
  wait(ask("stories"));
  set_runs({{"b", {1}}});
  EXPECT_EQ(refusal("stories"), "the model 'stories' does not exist");
  EXPECT_EQ(registry->loaded().size(), 0U);
}

}  // namespace
}  // namespace alpha
