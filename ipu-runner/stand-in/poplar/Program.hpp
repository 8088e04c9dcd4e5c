// Stand-in for Poplar: programs, which are values.
#pragma once

#include <initializer_list>
#include <memory>
#include <vector>

#include "DebugContext.hpp"
#include "Graph.hpp"
#include "Tensor.hpp"

namespace poplar {
namespace program {

class Program {
protected:
  struct Node {
    virtual ~Node() = default;
    // Adds itself to the list of a graph.
    virtual void add_to(StandInGraph *graph) const = 0;
  };
  std::shared_ptr<const Node> node;

public:
  Program() = default;
  void stand_in_add_to(StandInGraph *graph) const { node->add_to(graph); }
};

class Sequence : public Program {
  struct All : Node {
    std::vector<Program> programs;
    void add_to(StandInGraph *graph) const override {
      for (const Program &program : programs)
        program.stand_in_add_to(graph);
      stand_in_check(stand_in_sequence(graph, programs.size()));
    }
  };

public:
  Sequence() { node = std::make_shared<All>(); }
  explicit Sequence(std::initializer_list<Program> programs, const DebugContext & = {}) : Sequence() {
    for (const Program &program : programs)
      add(program);
  }
  void add(const Program &program) {
    // Copies of this sequence keep what they are.
    auto longer = std::make_shared<All>(static_cast<const All &>(*node));
    longer->programs.push_back(program);
    node = longer;
  }
};

class Execute : public Program {
  struct Set : Node {
    uint32_t set;
    void add_to(StandInGraph *graph) const override { stand_in_check(stand_in_execute(graph, set)); }
  };

public:
  explicit Execute(const ComputeSet &set, const DebugContext & = {}) {
    auto one = std::make_shared<Set>();
    one->set = set.getId();
    node = one;
  }
};

class Copy : public Program {
  struct Views : Node {
    Tensor from, to;
    void add_to(StandInGraph *graph) const override {
      const StandInView a = from.stand_in_view(), b = to.stand_in_view();
      stand_in_check(stand_in_copy(graph, &a, &b));
    }
  };

public:
  Copy(Tensor from, Tensor to, bool = false, const DebugContext & = {}) {
    if (from.elementType() != to.elementType() || from.numElements() != to.numElements())
      throw poplar_error("a copy of " + std::to_string(from.numElements()) + " " + from.elementType().toString() +
                         " to " + std::to_string(to.numElements()) + " " + to.elementType().toString());
    auto views = std::make_shared<Views>();
    views->from = std::move(from);
    views->to = std::move(to);
    node = views;
  }
};

class Repeat : public Program {
  struct Times : Node {
    unsigned count;
    Program body;
    void add_to(StandInGraph *graph) const override {
      body.stand_in_add_to(graph);
      stand_in_check(stand_in_repeat(graph, count));
    }
  };

public:
  Repeat(unsigned count, const Program &body, const DebugContext & = {}) {
    auto times = std::make_shared<Times>();
    times->count = count;
    times->body = body;
    node = times;
  }
};

} // namespace program
} // namespace poplar
