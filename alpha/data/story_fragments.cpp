#include "alpha/data/story_plots.h"

namespace alpha {

const StoryFragments& story_fragments() {
  static const StoryFragments kFragments = {
      {"open", R"(
<hand;hands: @c hand;hands|@a paw;paws>
[Once upon a time, there was {a:h.trait} {h.kind} named {h}.
|There once was {a:h.trait} {h.kind} named {h}.
|{h} was {a:h.trait} {h.kind}.
|Once there was {a:h.trait} {h.kind} [called|named] {h}.]
[@a {he} lived in {h.home}.|@a {he} lived in {h.home}.
|@c {he} lived in [a small house|a little town|a house with a red door|a house near the sea].||])"},

      {"day",
       R"([One day|One day|One morning|One afternoon|One fine day|Early one morning|On Saturday|On Sunday])"},

      {"weather", R"([The sun was [shining|warm and bright].|The sky was blue.
|A soft wind was blowing.|Birds were singing in the trees.|It was a warm day.|||])"},

      {"sad",
       R"({he} felt [sad|very sad|so sad]. [A tear rolled down {his} cheek.|{he} began to cry.
|{he} sat down and hung {his} head.||])"},

      {"meet", R"([Just then, {his} friend {f.full} came by.
|Soon {his} friend {f.full} came over.
|{f.full}, who was {his} best friend, saw {him} and ran over.
|After a while, {his} good friend {f.full} came along.])"},

      {"what", R"(["What is wrong, {h}?" asked {f}.|"Why are you so sad, {h}?" {f} asked.
|"What is the matter?" asked {f}.])"},

      {"idea",
       R"("[I have an idea|I know what we can do|Do not give up|Do not worry, I will help you]!" said {f}.)"},

      {"thanks", R"("Thank you[ so much| very much|], {f}!" said {h}[ with a big smile|].)"},

      {"toy",
       R"(<toy: ball|kite|drum|doll|toy boat|toy train|hat|scarf|book|bell|bucket|puppet|whistle>
<color: red|blue|green|yellow|orange|purple|pink|white>)"},

      {"place", R"(
[@c <place;at: the park;in the park>
<~s1;s2;s3: under the bench|behind the big tree|next to the swings|near the fountain>
|@c <place;at: the garden;in the garden>
<~s1;s2;s3: under the rose bush|behind the shed|next to the fence|between the flowers>
|@c <place;at: the beach;at the beach>
<~s1;s2;s3: under the umbrella|behind the rocks|next to the old boat|between the towels>
|@c <place;at: the farm;on the farm>
<~s1;s2;s3: behind the barn|under the old cart|next to the pond|in the hay>
|@a <place;at: the forest;in the forest>
<~s1;s2;s3: under a bush|behind a fallen tree|next to a big rock|in a pile of leaves>
|@a <place;at: the meadow;in the meadow>
<~s1;s2;s3: between the flowers|in the tall grass|behind a big rock|next to the fence>
|@a <place;at: the river;by the river>
<~s1;s2;s3: under the bridge|behind the rocks|in the tall grass|next to the willow tree>
|@a <place;at: the hill;on the hill>
<~s1;s2;s3: behind a big rock|under a bush|in the tall grass|next to the old oak>])"},
  };
  return kFragments;
}

}  // namespace alpha
