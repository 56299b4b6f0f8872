// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/report.hpp"
#include "scratch_folder.hpp"
#include "trial_content.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roulade {
namespace {

// Plays the page as a reader would and writes what it saw to the console.
constexpr const char* kVisit = R"html(
<script>
(async () => {
  const say = text => console.log("outcome: " + text);
  const expect = (truth, what) => { if (!truth) throw new Error(what); };
  const wait = ms => new Promise(done => setTimeout(done, ms));
  try {
    const canvas = document.getElementById("film"), button = document.getElementById("play");
    const slider = document.getElementById("frame"), time = document.getElementById("time");
    const pixels = () => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const painted = () => pixels().reduce((n, v, i) => n + (i % 4 === 3 && v > 0), 0);
    const differ = (a, b) => a.length !== b.length || a.some((v, i) => v !== b[i]);
    const show = frame => { slider.value = frame; slider.dispatchEvent(new Event("input")); };
    await wait(300);
    expect(canvas.width > 100, "the canvas has no size");

    show(0);
    const first = pixels(), firstTime = time.textContent;
    expect(painted() > 500, "the first frame is empty");
    expect(button.textContent === "Play", "the slider did not stop the film");
    await wait(300);
    expect(!differ(first, pixels()), "the film moves although it is stopped");
    show(slider.max);
    expect(differ(first, pixels()), "the slider moved no point");
    expect(time.textContent !== firstTime, "the slider did not change the time");
    expect(slider.getAttribute("aria-valuetext") === time.textContent, "the slider does not say its time");

    const data = document.getElementById("show-data"), withData = painted();
    data.click();
    expect(painted() < withData, "the data did not vanish");
    data.click();
    expect(painted() === withData, "the data did not come back");

    const level = document.getElementById("field-level");
    if (level) {
      const shown = () => [...document.querySelectorAll("#field .level")].filter(l => l.offsetHeight > 0);
      const before = shown();
      expect(before.length === 1, before.length + " levels of the field are shown");
      level.value = 0;
      level.dispatchEvent(new Event("input"));
      expect(shown().length === 1 && shown()[0] !== before[0], "the slider did not change the level");
      const said = document.querySelector("#field output").textContent;
      expect(said === shown()[0].dataset.label, "another level is named");
      expect(said === level.getAttribute("aria-valuetext"), "the level's slider does not say its level");
    }

    const across = document.getElementById("across");
    if (across) {
      show(slider.max);
      const before = pixels();
      across.value = "2";
      across.dispatchEvent(new Event("change"));
      expect(differ(before, pixels()), "another column gives the same picture");
    }
    expect(document.documentElement.scrollWidth <= window.innerWidth, "the page is wider than the window");
    for (const plot of document.querySelectorAll("svg.plot"))
      if (plot.getBoundingClientRect().height > 0) for (const text of plot.querySelectorAll("text")) {
        const outer = plot.getBoundingClientRect(), inner = text.getBoundingClientRect();
        expect(inner.left >= outer.left - 1 && inner.right <= outer.right + 1 && inner.top >= outer.top - 1 &&
               inner.bottom <= outer.bottom + 1, "cut off: " + text.textContent);
      }

    button.click();  // from the end: begins anew
    expect(button.textContent === "Pause", "Play did not begin");
    await wait(1200);
    const middle = pixels(), place = Number(slider.value);
    expect(differ(first, middle), "the film does not move");
    expect(place > 0 && place < Number(slider.max), "after 1.2 s the film is at frame " + place);
    button.click();
    const stopped = pixels();
    await wait(300);
    expect(!differ(stopped, pixels()), "Pause did not stop the film");
    button.click();
    if (across || window.innerWidth < 700) return say("passed");  // the rest once is enough
    await wait(3500);
    expect(slider.value === slider.max, "the film did not reach its end");
    await wait(2500);
    expect(Number(slider.value) < Number(slider.max), "the film does not begin again");

    say("passed");
  } catch (error) {
    say("failed: " + error.message);
  }
})();
</script>
)html";

struct Visit {
  std::string outcome, console;
};

// Chromium in a process group of its own, whose standard error is read line by line.
class Chromium {
 public:
  Chromium(const std::filesystem::path& page, const std::filesystem::path& profile, int width) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    process_ = fork();
    if (process_ == 0) {
      setpgid(0, 0);
      dup2(ends[1], 2);
      close(ends[0]);
      close(ends[1]);
      const std::string data = "--user-data-dir=" + profile.string(), url = "file://" + page.string();
      const std::string size = "--window-size=" + std::to_string(width) + ",900";
      execlp("chromium", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--enable-logging=stderr", "--v=0", data.c_str(), size.c_str(), url.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    log_ = ends[0];
  }
  ~Chromium() {
    kill(-process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(log_);
  }
  Chromium(const Chromium&) = delete;
  Chromium& operator=(const Chromium&) = delete;

  /// The next line; nothing at the end or after the deadline.
  std::optional<std::string> line(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
      if (const size_t end = read_.find('\n'); end != std::string::npos) {
        const std::string out = read_.substr(0, end);
        read_.erase(0, end + 1);
        return out;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{log_, POLLIN, 0};
      if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
      char buffer[4096];
      const ssize_t n = read(log_, buffer, sizeof buffer);
      if (n <= 0) return std::nullopt;
      read_.append(buffer, static_cast<size_t>(n));
    }
  }

 private:
  pid_t process_ = -1;
  int log_ = -1;
  std::string read_;
};

// Opens the report with `more` at its end, until the page writes "outcome: ..." to its console.
Visit visit(const ReportContent& content, int width, const std::string& more) {
  const ScratchFolder folder;
  std::string page = read_bytes(write_report(content, folder.path()).front());
  page.insert(page.rfind("</body>"), more);
  const auto file = folder.path() / "visit.html";
  std::ofstream(file, std::ios::binary) << page;

  Visit seen;
  Chromium browser(file, folder.path() / "profile", width);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (const auto line = browser.line(deadline)) {
    if (line->find("CONSOLE") == std::string::npos) continue;
    if (const size_t at = line->find("outcome: "); at != std::string::npos) {
      seen.outcome = line->substr(at + 9, line->find('"', at) - at - 9);
      return seen;
    }
    // An advice of performance that the test's own reading of pixels causes.
    if (line->find("willReadFrequently") == std::string::npos) seen.console += *line + "\n";
  }
  seen.outcome = "none within 90 s";
  return seen;
}

class Browser : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v chromium >/dev/null 2>&1") != 0) GTEST_SKIP() << "chromium is not installed";
  }
};

TEST_F(Browser, PlaysThePlane) {
  const Visit seen = visit(swiss_roll_content(3000, 2000, 1500, 21), 1400, kVisit);
  EXPECT_EQ(seen.outcome, "passed");
  EXPECT_EQ(seen.console, "");
}

TEST_F(Browser, PlaysColumnsAndClasses) {
  const Visit seen = visit(cluster_content(4, 3, 1500), 800, kVisit);
  EXPECT_EQ(seen.outcome, "passed");
  EXPECT_EQ(seen.console, "");
}

TEST_F(Browser, PlaysOneColumnInANarrowWindow) {
  const Visit seen = visit(cluster_content(1, 0, 1500), 500, kVisit);
  EXPECT_EQ(seen.outcome, "passed");
  EXPECT_EQ(seen.console, "");
}

// The test of the test: an exception in the page does reach the console that the others find clean.
TEST_F(Browser, AnExceptionReachesTheConsole) {
  const std::string throws =
      "<script>setTimeout(() => console.log('outcome: done'), 500); throw new Error('on purpose');</script>";
  const Visit seen = visit(cluster_content(1, 0, 100), 800, throws);
  EXPECT_NE(seen.console.find("on purpose"), std::string::npos);
}

}  // namespace
}  // namespace roulade
