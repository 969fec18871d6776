// Scans of small collections by several threads, for as long as it lives.
#pragma once

#include "query/parallel.h"

namespace nacre::query::testing {

class SmallParallelScans {
 public:
  SmallParallelScans() {
    ParallelTuning& tuning = parallel_tuning();
    tuning.threads = 3;
    tuning.documents_min = 10;
    tuning.alone_first = 20;
    tuning.part_documents = 30;
  }
  SmallParallelScans(const SmallParallelScans&) = delete;
  SmallParallelScans& operator=(const SmallParallelScans&) = delete;
  ~SmallParallelScans() {
    const ParallelTuning usual;
    ParallelTuning& tuning = parallel_tuning();
    tuning.threads = usual.threads.load();
    tuning.documents_min = usual.documents_min.load();
    tuning.alone_first = usual.alone_first.load();
    tuning.part_documents = usual.part_documents.load();
  }
};

}  // namespace nacre::query::testing
