#include <array>

#include "alpha/data/story_plots.h"

namespace alpha {

namespace {

constexpr std::array kPlots = {
    StoryPlot{"sharing_food", R"({#open}
<food;parted: apple;cut|pear;cut|cookie;broke|sandwich;cut|muffin;broke|pancake;cut|orange;cut|peach;cut>
<size: big|sweet|fresh|beautiful> <gift: plum|carrot|bun|piece of cake>
{#day}, {g} gave {h} {a:size} {food}. "[I will eat it all by myself|This is all for me]," said {h}.
{he} sat down [under a tree|on a bench|in the grass|by the water]. {#weather}

{#meet} "[What a nice {food}|That {food} looks good]!" said {f}. "May I have a bite? I am hungry."
"No," said {h}. "It is mine." {f} [looked at the ground|said nothing] and walked away.
{h} took a bite of the {food}, but it did not taste good. {he} felt [lonely|bad|sorry].
{he} remembered how {f} had once shared {a:gift} with {him}.

[{h} jumped up and ran|So {h} got up and ran] after {f}. "Wait, {f}! I am sorry," {he} said. "[We can share|You can have half of it]."
{He} {parted} the {food} in two and gave {f} the bigger piece.
"Thank you, {h}!" said {f}. [They sat side by side and ate.|The two friends ate and laughed.]
[Now the {food} tasted better than before.|"It tastes better when we share," said {h}.
|And {h} knew that {a:food} is sweeter with a friend.])"},

    StoryPlot{"birthday_gift", R"({#open}
<gift: crown of flowers|picture of two friends|necklace of little shells|card with a big heart|boat made of wood|box of pretty stones>
Tomorrow was {f.s} birthday. {f.full} was {h.s} best friend, but {h} had no gift yet.

{h} wanted to bake a cake. {he} mixed eggs, flour, and milk and put the cake into the oven.
But {he} [forgot about it|fell asleep on the chair]. When {he} opened the oven, the cake was [black|burned] and [hard|flat].
"Nobody can eat this," said {h}. [{#sad}|]

"A gift does not have to be a cake," said {g}. "Make something with love."
[Then {h} had an idea.|{h} thought about it.] {he} worked [all evening|until it was dark] and made {a:gift}.

The next day, {h} went to {f.s} [party|house]. "Happy birthday, {f}!" said {h} and gave {f.him} the {gift}.
[{f} opened {f.his} eyes wide.|{f} jumped for joy.] "Did you make it yourself? [It is beautiful!|It is my favorite gift!]" said {f}.
[{h} told {f.him} about the burned cake, and they both laughed.
|{h} smiled. Love is better than any cake.
|{f} hugged {h}. And the {gift} had the best place in {f.s} room.])"},

    StoryPlot{"new_friend", R"({#open}
<game: hide and seek|tag|catch|pirates>
<sits: under a tree|on a bench|by the wall|in a corner>
{#day}, [@c a new {f.kind} came to school|@a a new {f.kind} came to the forest]. [The name of the new {f.kind} was {f}.|"This is {f}," said {w}.]
{f} was [shy|very quiet] and sat alone {sits}. The others played {game} and did not see {f.him}.

{h} waved at {f}, but {f} only looked at {f.his} feet. [So {h} went over.|{h} did not give up.]
"Do you want to play {game}?" asked {h}. {f} shook {f.his} head. "[I do not know how|I do not know anybody here]," {f.he} said.
{h} knew how that felt.

"I was new once, too," said {h}. "I can show you [how it works|everything]." {h} held out {his} {hand}.
{f} [smiled a little|looked up] and took it. [At first, {f} was slow, but soon {f.he} laughed and ran with the others.
|They played {game} until they were out of breath.]

"[This was the best day|I am so happy that I came here]," said {f}. "Thank you, {h}!"
[From then on, nobody had to sit alone {sits}.
|The next time somebody new came, {h} and {f} went over together.
|Now {f} had a friend, and {h} had one, too.])"},

    StoryPlot{"the_race", R"({#open}
<goal: the old oak|the bridge|the big rock|the mill|the red gate>
<trap: a muddy hole|a thorn bush|a deep ditch>
{he} could run very fast[, and {he} was proud of it|, and {he} told everyone about it].
"You are so slow, {f}!" said {h} to {his} friend {f.full}. "I will always win." {f} was [hurt|sad], but {f.he} said, "Let us have a race to {goal}."

{#day}, they [started|stood side by side]. "One, two, three, go!" [called|shouted] {w}.
{h} ran [like the wind|far ahead]. {he} looked back and laughed. But {he} did not look [where {he} was going|at the path], and {he} fell into {trap}.
[{he} could not get out. |]"Help! I am stuck!" {he} [cried|called].

{f} came down the path. Now {f.he} could win the race. But {f} stopped. "[Take my {hand}|Hold on to me], {h}!" said {f} and pulled as hard as {f.he} could.
At last, {h} was free. ["You stopped for me!" said {h}.|] "I am sorry that I laughed at you," {he} said.

[They walked to {goal} together and crossed the line at the same time.|Side by side, they went on to {goal}.]
[{w} clapped. "Today there are two winners," said {w}.
|And {h} said, "You are the real winner, {f}."
|After that day, {h} never called {f} slow again.])"},

    StoryPlot{"too_heavy", R"({#open}
<thing;use: pumpkin;soup|cabbage;soup|pumpkin;a pie|melon;a fruit salad> <giant: giant|huge>
{#day}, {h} found {a:giant} {thing} [behind the house|at the end of the garden|next to the old fence]. "[I will take it home|What a big {thing}]!" said {h}. "We can make {use}."

{he} pushed the {thing}, but it did not move. {he} pulled, but {he} fell on {his} back.
"It is too heavy for me," said {h}. {#meet}
"Can you help me, {f}?" asked {h}. {f} [nodded|said yes right away]. They pushed together. The {thing} moved a little, but then it [stopped|rolled back] again.

Then {w.full} came down the path. "[Shall I help you|Do you need one more]?" asked {w}.
Now there were three of them. "One, two, three!" they [called|shouted]. The {thing} rolled and rolled, all the way to {h.s} house.

{g} [was very surprised|could not believe it]. "What {a:giant} {thing}! Who brought it here?"
"All of us," said {h}. {g} made {use} for everyone. [{f} got the first plate.|They ate until they were full.]
[Alone, {h} could not move it. Together, it was easy.
|"Many small {hands} can do big things," said {w}.
|"Next time I will call you first," said {h}, and {f} laughed.])"},

    StoryPlot{"soup_for_all", R"({#open}
<~x;y;z: carrot|potato|onion|bean|tomato|mushroom>
[One day|One evening], it was [cold and rainy|cold and windy]. {h} wanted to make soup, but {he} had only one {x}.
{he} put the {x} into a pot of hot water and waited. But the soup tasted like [water|nothing at all].
"One {x} does not make a soup," said {h}. {#sad}

[There was a knock at the door.|Knock, knock!] It was {his} friend {f.full}.
"I have {a:y}," said {f}, "but I have no pot. Let us cook together!"
They put the {y} into the pot. [It was better, but still not good.|The soup tasted a little better.]

Then {w.full} came by. "I have {a:z} and some salt, but I have no fire," said {w}.
"Come in!" said {h}. They put everything into the pot.
[Soon the whole house smelled wonderful.|]

They sat around the table and ate the hot soup. "This is the best soup [in the world|of my life]," said {f}.
[And it had all started with one {x}.|"One {x} is not much," said {h}, "but we have friends."|Outside it was still cold, but inside everyone was warm and happy.])"},
};

}  // namespace

std::span<const StoryPlot> story_plots_of_friends() noexcept {
  return kPlots;
}

}  // namespace alpha
