#include <array>

#include "alpha/data/story_plots.h"

namespace alpha {

namespace {

constexpr std::array kPlots = {
    StoryPlot{"lost_toy", R"({#open} {#toy} {#place}
{he} had {a:color} {toy}.
[It was the best thing {he} had.|{he} loved the {toy} very much.|{he} took it everywhere.
|{g} had given it to {him}.]

{#day}, {h} [went|walked|ran] to {place} with {his} {toy}. {#weather}
{he} played [all day long|for a long time|until it was late].
When it was time to go home, [the {color} {toy} was gone!|{he} could not find the {toy}!]
"Where is my {toy}?" [cried|asked] {h}.
{he} looked {s1}. It was not there. [Then {he}|{he}] looked {s2}.
It was not there either. {#sad}

{#meet} {#what}
"I lost my {color} {toy}," said {h}.
"[Do not cry.|Do not worry.] I will help you [look for it|find it]," said {f}.
[The two friends looked together.|They looked everywhere.]
At last, {f} looked {s3}. There was the {color} {toy}!

{h} [hugged|held] the {toy} and [laughed|jumped for joy]. {#thanks}
[From that day on, {he} took good care of the {toy}.
|{he} never forgot who had found the {color} {toy}.
|"You can play with my {toy}, too," {he} said. So they played until the moon came up.])"},

    StoryPlot{"stuck_in_tree", R"({#open}
<thing: kite|balloon|paper plane|paper bird|flag> <color: red|blue|green|yellow|orange|purple>
<open: @c the park|@c the garden|@c the big field|@a the meadow|@a the hill|@a the forest>
{#day}, {h} went to {open} to play with {a:color} {thing}. [{#weather}|{he} ran, and the {thing} flew behind {him}.]
Suddenly, a strong wind [took|grabbed] the {thing} and blew it up into a tall tree.

"Oh no! My {thing}!" cried {h}.
{he} jumped as high as {he} could, but the branch was too high.
[|Then {he} shook the tree, but the {thing} did not fall.
|Then {he} tried to climb up, but {he} slid back down.]
{#sad}

{#meet} {#what}
"My {color} {thing} is stuck in the tree," said {h}. "I cannot reach it."
{#idea}
["Climb up on my back!" said {f}. {h} climbed up and stretched out {his} {hand}. A little higher, a little
higher, and {he} had it!
|{f} found a long stick. Together, they pushed the {thing} with the stick. It came loose and fell
right into {h.s} {hands}!
|@c They ran to {w.full}. {w} came with a ladder, went up, and took the {thing} out of the tree.
|@a They ran to {w.full}. "Let us all shake the tree at the same time," said {w}. "One, two, three!"
The tree shook, and the {thing} came down.]

["Hooray!" they shouted.|] {#thanks}
[The {color} {thing} flew high in the sky again, but this time far away from the tree.
|{he} learned that two can do what one cannot do alone.
|They played with the {color} {thing} until the sun went down.])"},

    StoryPlot{"lost_baby", R"({#open}
<baby;mother;sound: duckling;duck;quack|kitten;cat;meow|lamb;sheep;baa|chick;hen;peep|puppy;dog;woof>
<wrong;animal: barn;horse|field;cow|old mill;goat|fence;donkey>
<right: pond|hill|bridge|well>
{#day}, {h} heard a [small|soft|tiny] sound [behind a bush|in the tall grass|next to the path].
"{sound}, {sound}!" It was a little {baby}, and it was all alone.
"[Are you lost?|Where is your mother?]" asked {h}. The {baby} looked at {him} with sad eyes.

"[Do not be afraid.|I will help you.] We will find your mother," said {h}.
First, they went to the {wrong}. But only {a:animal} was there.
[The {baby} was sad.|"That is not your mother," said {h}.]
Then they met {w.full}. "Have you seen a {mother}?" asked {h}.
"Yes," said {w}. "I saw a {mother} by the {right}. It was looking for a {baby}."

So {h} and the {baby} [ran|hurried|walked quickly] to the {right}. "{sound}!" called the {baby}.
"{sound}!" answered a big voice. It was the {mother}!
The {baby} ran to its mother, and they were [so happy|happy to be together again].
[{h} waved to the {baby} and went home.|{h} was happy, too.]
[That evening, {h} hugged {g} and told the story of the little {baby}.
|"Now nobody is alone," said {h}, and {he} ran home to {g}.
|At home, {h} gave {g} a big hug and said, "I am glad that I have you."])"},

    StoryPlot{"lost_in_the_woods", R"({#open}
<follow: a yellow butterfly|a little bird|a funny frog|a blue dragonfly>
<things: berries|nuts|mushrooms|wild strawberries>
<sign;found: follow the stream;the little stream|look for the smoke of our house;a thin line of smoke
|walk toward the big oak;the big oak>
{#day}, {h} and {g} went into the woods to pick {things}. {#weather}
"Stay close to me," said {g}. "And if you get lost, {sign}."

But then {h} saw {follow}. {he} ran after it, farther and farther.
When {he} looked around, {he} could not see {g} anymore. [The trees were tall and dark.|It was very quiet.|]
{he} took a path to the left, but it ended at a wall of thorns.
"{g}! Where are you?" [called|cried] {h}, but nobody answered. [{#sad}|]

Then {h} remembered what {g} had said: {sign}!
{he} [wiped {his} eyes|took a deep breath] and looked around. There was {found}!
{he} walked and walked. Soon {he} heard a voice. "{h}! {h}!" It was {g}!

{g} [hugged|held] {h} for a long time. ["[I was so worried about you|I am so glad that I found you]," said {g}.|]
"I am sorry," said {h}. "I ran after {follow}. [I will stay close to you next time.|But I remembered your words.]"
[Then they went home and ate the {things} together.|Side by side, they went home with the {things}.
|And that evening, they counted all the {things} by the fire.])"},

    StoryPlot{"broken_thing", R"({#open}
<thing;color: vase;blue|cup;white|teapot;yellow|bowl;green|lamp;red|plate;pink|pot;orange>
<game: a dancer|a pirate|a flying bird|a race car|the king of the sea|a circus star>
<hide: under the bed|behind the curtain|in a box|under a blanket>
{g} had {a:color} {thing}. [It was very old.|{g} loved it very much.|It stood on the table by the window.|]

{#day}, {h} played in the house and was {game}. {he} [turned around and around|jumped and ran|went faster and faster].
[Bump!|Crash!|Oh no!] {he} hit the table, and the {color} {thing} fell down and broke.
{h} was [scared|afraid]. First {he} tried to put the {thing} together, but the pieces fell apart again.
So {he} hid the pieces {hide}.

[In the evening|Later], {g} asked, "[Where is my {thing}|Have you seen my {thing}]?"
{h} looked at the floor. {h.s} [heart was beating fast|tummy felt bad|face turned red].
Then {he} brought the pieces. "I broke your {thing}," said {h}. "I am very sorry."

{g} was quiet for a moment. Then {g.he} [smiled|gave {h} a hug]. "[Thank you for telling the truth|It was brave to tell the truth].
That is more important than a {thing}."
Together, they [glued the pieces|put the pieces together with glue].
[The {color} {thing} had a long line on one side, but {g} loved it even more than before.
|Soon the {color} {thing} stood in its place again. And {h} never hid anything from {g} again.
|"It is not perfect," said {h}. "No," said {g}, "but now it has a story."])"},
};

}  // namespace

std::span<const StoryPlot> story_plots_of_loss() noexcept {
  return kPlots;
}

}  // namespace alpha
