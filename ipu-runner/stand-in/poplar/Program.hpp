// Stand-in for Poplar: programs, which are values.
#pragma once

#include <initializer_list>
#include <memory>
#include <vector>

#include "DataStream.hpp"
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

  struct Record : Node {
    DataStream stream;
    Tensor view;
    bool from_host;
    void add_to(StandInGraph *graph) const override {
      const StandInView there = view.stand_in_view();
      stand_in_check(from_host ? stand_in_from_host(graph, stream.stand_in_number(), &there)
                               : stand_in_to_host(graph, &there, stream.stand_in_number()));
    }
  };

  template <typename From, typename To>
  static void expect_equal(const From &from, const To &to) {
    if (from.elementType() != to.elementType() || from.numElements() != to.numElements())
      throw poplar_error("a copy of " + std::to_string(from.numElements()) + " " + from.elementType().toString() +
                         " to " + std::to_string(to.numElements()) + " " + to.elementType().toString());
  }

  static std::shared_ptr<Record> record(DataStream stream, Tensor view, bool from_host) {
    auto record = std::make_shared<Record>();
    record->stream = std::move(stream);
    record->view = std::move(view);
    record->from_host = from_host;
    return record;
  }

public:
  Copy(Tensor from, Tensor to, bool = false, const DebugContext & = {}) {
    expect_equal(from, to);
    auto views = std::make_shared<Views>();
    views->from = std::move(from);
    views->to = std::move(to);
    node = views;
  }
  Copy(const DataStream &from, Tensor to, bool = false, const DebugContext & = {}) {
    expect_equal(from, to);
    node = record(from, std::move(to), true);
  }
  Copy(Tensor from, const DataStream &to, bool = false, const DebugContext & = {}) {
    expect_equal(from, to);
    node = record(to, std::move(from), false);
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
